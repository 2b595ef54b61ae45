import type { ModelSpec, MoeSpec } from '../../core/model-spec.js';
import {
  expertsName,
  GRAPH_INPUTS,
  GRAPH_OUTPUTS,
  pastName,
  presentName,
} from '../../model/graph/contract.js';
import type { Forward, ForwardInput, PrefillRule } from '../backend.js';
import { PREFILL_HEAD_ROWS } from '../generate/prefill-runs.js';
import { tensorOf, type Fetches, type OrtSession, type Tensors } from '../ort.js';
import { HeadBuffers } from '../sampling/head-rows.js';
import { KV_PARTS } from './kv-arrays.js';
import type { KvSlots } from './kv-slots.js';
import type { RowWindow } from './row-map.js';

/** Windows whose KV tensors are kept, the oldest dropped first: more than one per slot. */
const KEPT_WINDOWS = 128;

/** Feeds and fetches of the KV of one window; the other entries are replaced for each run. */
interface Binding {
  readonly feeds: Tensors;
  readonly fetches: Fetches;
}

/**
 * Attention takes another kernel for a row that is left over from its blocks (graph/contract.ts), and computes the
 * whole square of a run, so that longer ones waste more.
 */
export const CPU_PREFILL: PrefillRule = { maxRows: 256, padding: 'even' };

/**
 * Runs the graph on rows of the KV slots, in place. Names, tensors and views are kept per window of rows,
 * since making 2 x 2 x numLayers of them costs more than a small step.
 */
export class CpuForward implements Forward {
  readonly head: HeadBuffers;
  readonly moe: MoeSpec | null;
  readonly prefill = CPU_PREFILL;
  experts: readonly BigInt64Array[] = [];
  hidden = new Float32Array(0);
  readonly #session: OrtSession;
  readonly #slots: KvSlots;
  readonly #hiddenSize: number;
  readonly #bindings = new Map<string, Binding>();
  /** {@link KvSlots.epoch} that the bindings belong to. */
  #epoch = 0;

  constructor(
    session: OrtSession,
    { vocabSize, hiddenSize, moe }: Pick<ModelSpec, 'vocabSize' | 'hiddenSize' | 'moe'>,
    slots: KvSlots,
  ) {
    this.#session = session;
    this.#slots = slots;
    this.moe = moe;
    this.#hiddenSize = hiddenSize;
    this.head = new HeadBuffers(vocabSize, Math.max(PREFILL_HEAD_ROWS, slots.options.numSlots));
  }

  async run(input: ForwardInput): Promise<void> {
    const { feeds, fetches } = this.#bindingOf(this.#windowOf(input.slots));
    this.#bindInputs(feeds, input);
    this.#bindOutputs(fetches, input);
    this.#bindHidden(fetches, input);
    this.#bindExperts(fetches, input);
    await this.#session.run(feeds, fetches);
  }

  #bindInputs(feeds: Tensors, input: ForwardInput): void {
    const count = input.slots.length;
    const length = input.tokens.length / count;
    const headRows = input.headRows.length === 0 ? [0] : input.headRows;
    const temperatures = input.headRows.length === 0 ? [1] : input.temperatures;
    const normRows = [...headRows, ...input.hiddenRows];
    const ids = BigInt64Array.from(input.tokens, BigInt);
    feeds[GRAPH_INPUTS.inputIds] = tensorOf('int64', ids, [count, length]);
    const seqlens = input.lengths.map((rows) => rows - 1);
    feeds[GRAPH_INPUTS.seqlensK] = tensorOf('int32', seqlens, [count]);
    const longest = input.lengths.reduce((a, b) => Math.max(a, b), 0);
    feeds[GRAPH_INPUTS.totalLength] = tensorOf('int32', Int32Array.of(longest), []);
    const rows = BigInt64Array.from(normRows, BigInt);
    feeds[GRAPH_INPUTS.headRows] = tensorOf('int64', rows, [normRows.length]);
    const temperature = Float32Array.from(temperatures);
    feeds[GRAPH_INPUTS.temperature] = tensorOf('float32', temperature, [headRows.length]);
  }

  #bindOutputs(fetches: Fetches, input: ForwardInput): void {
    const numHead = Math.max(1, input.headRows.length);
    const { vocabSize, topCount, logprobs, topValues, topIds } = this.head;
    const f32 = (data: Float32Array, width: number) =>
      tensorOf('float32', data.subarray(0, numHead * width), [numHead, width]);
    fetches[GRAPH_OUTPUTS.logprobs] = f32(logprobs, vocabSize);
    fetches[GRAPH_OUTPUTS.topValues] = f32(topValues, topCount);
    const ids = topIds.subarray(0, numHead * topCount);
    fetches[GRAPH_OUTPUTS.topIds] = tensorOf('int64', ids, [numHead, topCount]);
    if (input.wantLogits) {
      fetches[GRAPH_OUTPUTS.logits] = f32(this.head.roomForLogits(), vocabSize);
    } else {
      Reflect.deleteProperty(fetches, GRAPH_OUTPUTS.logits);
    }
  }

  #bindHidden(fetches: Fetches, input: ForwardInput): void {
    const numHidden = input.hiddenRows.length;
    if (numHidden === 0) {
      Reflect.deleteProperty(fetches, GRAPH_OUTPUTS.hiddenStates);
      return;
    }
    const numHead = Math.max(1, input.headRows.length);
    const numRows = numHead + numHidden;
    const values = new Float32Array(numRows * this.#hiddenSize);
    fetches[GRAPH_OUTPUTS.hiddenStates] = tensorOf('float32', values, [numRows, this.#hiddenSize]);
    this.hidden = values.subarray(numHead * this.#hiddenSize);
  }

  #bindExperts(fetches: Fetches, input: ForwardInput): void {
    if (this.moe === null) return;
    const { layers, topK } = this.moe;
    const numRows = input.tokens.length;
    const wanted = input.wantExperts;
    if (wanted) this.experts = layers.map(() => new BigInt64Array(numRows * topK));
    layers.forEach((layer, index) => {
      const name = expertsName(layer);
      const data = this.experts[index];
      if (wanted && data !== undefined) fetches[name] = tensorOf('int64', data, [numRows, topK]);
      else Reflect.deleteProperty(fetches, name);
    });
  }

  /** The physical rows of the slots: they stand together, and a window begins with a slot that was asked for. */
  #windowOf([first = 0, ...more]: readonly number[]): RowWindow {
    return { start: this.#slots.rowOf(first), count: more.length + 1 };
  }

  #bindingOf(window: RowWindow): Binding {
    if (this.#epoch !== this.#slots.epoch) this.#bindings.clear();
    this.#epoch = this.#slots.epoch;
    const key = `${window.start}+${window.count}`;
    const kept = this.#bindings.get(key);
    const binding = kept ?? this.#makeBinding(window);
    if (kept === undefined && this.#bindings.size >= KEPT_WINDOWS) {
      const [oldest] = this.#bindings.keys();
      if (oldest !== undefined) this.#bindings.delete(oldest);
    }
    this.#bindings.set(key, binding);
    return binding;
  }

  #makeBinding({ start, count }: RowWindow): Binding {
    const { numKvHeads, headDim } = this.#slots.shape;
    const { rowElements, slotRows } = this.#slots;
    const feeds: Tensors = {};
    const fetches: Fetches = { [GRAPH_OUTPUTS.stopCopy]: null };
    const dims = [count, numKvHeads, slotRows, headDim];
    this.#slots.arrays.forEach((array, index) => {
      const layer = Math.floor(index / KV_PARTS.length);
      const part = KV_PARTS[index % KV_PARTS.length] ?? 'key';
      const rows = array.subarray(start * rowElements, (start + count) * rowElements);
      const tensor = tensorOf('float32', rows, dims);
      feeds[pastName(layer, part)] = tensor;
      fetches[presentName(layer, part)] = tensor;
    });
    return { feeds, fetches };
  }
}
