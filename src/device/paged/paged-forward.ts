import type { ModelSpec, MoeSpec } from '../../core/model-spec.js';
import {
  expertsName,
  GRAPH_INPUTS,
  GRAPH_OUTPUTS,
  PAGED_INPUTS,
  PAGED_RUN_ROWS_MIN,
} from '../../model/graph/contract.js';
import type { Forward, ForwardInput, PrefillRule } from '../backend.js';
import { PREFILL_HEAD_ROWS } from '../generate/prefill-runs.js';
import type { Tensors } from '../ort.js';
import { HeadBuffers } from '../sampling/head-rows.js';
import type { GpuPlace, GpuSession } from './gpu-session.js';
import { int32Tensor, int64Tensor, float32Tensor } from './tensors.js';
import type { PagedKv } from './paged-kv.js';

/**
 * A run of fewer rows takes other kernels, with other last bits, than the rest of its prompt. Long runs cost nothing but
 * memory for what they compute.
 */
export const PAGED_PREFILL: PrefillRule = {
  maxRows: 2048,
  maxSequences: 1,
  mixes: false,
  padding: PAGED_RUN_ROWS_MIN,
};

/** Runs the graph over pages: small arrays go in, and what is asked for comes out. */
export class PagedForward implements Forward {
  readonly head: HeadBuffers;
  readonly moe: MoeSpec | null;
  readonly prefill = PAGED_PREFILL;
  experts: readonly BigInt64Array[] = [];
  hidden = new Float32Array(0);
  readonly #session: GpuSession;
  readonly #kv: PagedKv;
  readonly #metadata: MetadataRule;
  readonly #hiddenSize: number;

  constructor(
    session: GpuSession,
    { vocabSize, hiddenSize, moe }: Pick<ModelSpec, 'vocabSize' | 'hiddenSize' | 'moe'>,
    kv: PagedKv,
    place: Pick<GpuPlace, 'kind' | 'isDeterministic'>,
  ) {
    this.#session = session;
    this.#kv = kv;
    this.#metadata = metadataRule(place);
    this.moe = moe;
    this.#hiddenSize = hiddenSize;
    this.head = new HeadBuffers(vocabSize, Math.max(PREFILL_HEAD_ROWS, kv.limits.numSlots));
  }

  async run(input: ForwardInput): Promise<void> {
    const wholeRows = input.headRows.map((_, row) => row).filter((row) => input.wholeRows[row]);
    const outputs = await this.#session.fetch(
      this.#feeds(input, wholeRows),
      this.#wanted(input, wholeRows.length),
    );
    this.#takeHead(outputs, wholeRows);
    if (input.hiddenRows.length > 0) {
      const numHead = Math.max(1, input.headRows.length);
      this.hidden = floats(outputs, GRAPH_OUTPUTS.hiddenStates).subarray(
        numHead * this.#hiddenSize,
      );
    }
    if (input.wantExperts && this.moe !== null) {
      this.experts = this.moe.layers.map((layer) => integers(outputs, expertsName(layer)));
    }
  }

  #feeds(input: ForwardInput, wholeRows: readonly number[]): Tensors {
    const { slots, tokens, lengths } = input;
    const numRows = tokens.length / slots.length;
    const headRows = input.headRows.length === 0 ? [0] : input.headRows;
    const temperatures = input.headRows.length === 0 ? [1] : input.temperatures;
    const tables = slots.map((slot, i) => this.#kv.pagesOf(slot, lengths[i] ?? 0));
    const width = tables.reduce((most, { length }) => Math.max(most, length), 1);
    const { sparePage } = this.#kv;
    const table = new Int32Array(slots.length * width).fill(sparePage);
    tables.forEach((pages, i) => {
      table.set(pages, i * width);
    });
    const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
    const cumulative = Int32Array.from({ length: slots.length + 1 }, (_, i) => i * numRows);
    const normRows = [...headRows, ...input.hiddenRows];
    return {
      [GRAPH_INPUTS.inputIds]: int64Tensor(tokens, [1, tokens.length]),
      [PAGED_INPUTS.cumulativeLengths]: int32Tensor(cumulative),
      [PAGED_INPUTS.pastLengths]: int32Tensor(lengths.map((length) => length - numRows)),
      [PAGED_INPUTS.blockTable]: int32Tensor(table, [slots.length, width]),
      [PAGED_INPUTS.metadata]: int32Tensor(Int32Array.from(this.#metadata(numRows, longest))),
      [GRAPH_INPUTS.headRows]: int64Tensor(normRows),
      [GRAPH_INPUTS.temperature]: float32Tensor(temperatures),
      [PAGED_INPUTS.wholeRows]: int64Tensor(wholeRows.length === 0 ? [0] : wholeRows),
    };
  }

  #wanted(input: ForwardInput, numWhole: number): string[] {
    const names: string[] = [GRAPH_OUTPUTS.topValues, GRAPH_OUTPUTS.topIds];
    if (numWhole > 0) names.push(GRAPH_OUTPUTS.logprobs);
    if (input.wantLogits) names.push(GRAPH_OUTPUTS.logits);
    if (input.hiddenRows.length > 0) names.push(GRAPH_OUTPUTS.hiddenStates);
    if (input.wantExperts) names.push(...(this.moe?.layers ?? []).map(expertsName));
    return names;
  }

  #takeHead(outputs: Tensors, wholeRows: readonly number[]): void {
    const { topValues, topIds, logprobs } = this.head;
    topValues.set(floats(outputs, GRAPH_OUTPUTS.topValues));
    topIds.set(integers(outputs, GRAPH_OUTPUTS.topIds));
    if (wholeRows.length === 0) return;
    this.#takeRows(logprobs, floats(outputs, GRAPH_OUTPUTS.logprobs), wholeRows);
    if (outputs[GRAPH_OUTPUTS.logits] === undefined) return;
    this.#takeRows(this.head.roomForLogits(), floats(outputs, GRAPH_OUTPUTS.logits), wholeRows);
  }

  /** Row i of `rows` is the head row `wholeRows[i]`. */
  #takeRows(target: Float32Array, rows: Float32Array, wholeRows: readonly number[]): void {
    const { vocabSize } = this.head;
    wholeRows.forEach((row, i) => {
      target.set(rows.subarray(i * vocabSize, (i + 1) * vocabSize), row * vocabSize);
    });
  }
}

/** {@link PAGED_INPUTS.metadata}, from the rows of each sequence in the run and the rows of the longest after it. */
type MetadataRule = (numRows: number, longest: number) => readonly number[];

/**
 * A lower bound of the longest lets CUDA cut long sequences into parts that are attended to side by side. How many
 * depends on the batch, and a row's last bits with it. WebGPU does not read one.
 */
function metadataRule({
  kind,
  isDeterministic,
}: Pick<GpuPlace, 'kind' | 'isDeterministic'>): MetadataRule {
  if (kind !== 'cuda' || isDeterministic) return (numRows, longest) => [numRows, longest];
  return (numRows, longest) => [numRows, longest, longest];
}

function floats(outputs: Tensors, name: string): Float32Array<ArrayBuffer> {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`this is a bug: no output ${name}`);
  return data as Float32Array<ArrayBuffer>;
}

function integers(outputs: Tensors, name: string): BigInt64Array {
  const data = outputs[name]?.data;
  if (!(data instanceof BigInt64Array)) throw new Error(`this is a bug: no output ${name}`);
  return data;
}
