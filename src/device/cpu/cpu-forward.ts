import type { ModelSpec, MoeSpec } from '../../core/model-spec.js';
import { expertsName, GRAPH_INPUTS, GRAPH_OUTPUTS } from '../../model/graph/contract.js';
import type { Forward, ForwardInput, PrefillRule } from '../backend.js';
import { PREFILL_HEAD_ROWS } from '../generate/prefill-runs.js';
import { withLoraFeeds } from '../lora/bind-lora.js';
import type { LoraStore } from '../lora/lora-store.js';
import { tensorOf, type Fetches, type OrtSession, type Tensors } from '../ort.js';
import { HeadBuffers } from '../sampling/head-rows.js';
import { FloatCache } from './float-cache.js';
import { Int8Cache } from './int8-cache.js';
import type { KvSlots } from './kv-slots.js';
import type { RunCache } from './run-cache.js';

/**
 * Attention takes another kernel for a row that is left over from its blocks (graph/contract.ts), and computes the
 * whole square of a run, so that longer ones waste more.
 */
export const CPU_PREFILL: PrefillRule = {
  maxRows: 256,
  maxSequences: 1,
  mixes: false,
  padding: 'even',
};

/** Whether runs decode and extend at once, and steps may join: where K and V are integers. */
export function cacheMixesRuns({ kvType }: Pick<ModelSpec, 'kvType'>): boolean {
  return kvType === 'i8';
}

/** Several sequences may be extended, beside those that decode (model/graph/int8-kv/int8-attention.ts). */
const INT8_PREFILL: PrefillRule = { ...CPU_PREFILL, maxSequences: 16, mixes: true };

/** Each row changes the state once. */
const STATE_PREFILL: PrefillRule = { ...CPU_PREFILL, padding: 'even behind' };

/** Runs the graph on rows of the KV slots. */
export class CpuForward implements Forward {
  readonly head: HeadBuffers;
  readonly moe: MoeSpec | null;
  readonly prefill: PrefillRule;
  experts: readonly BigInt64Array[] = [];
  hidden = new Float32Array(0);
  readonly #session: OrtSession;
  readonly #cache: RunCache;
  readonly #hiddenSize: number;
  /** Null = the graph has no place for adapters. */
  readonly #adapters: LoraStore | null;

  constructor(
    session: OrtSession,
    { vocabSize, hiddenSize, moe }: Pick<ModelSpec, 'vocabSize' | 'hiddenSize' | 'moe'>,
    slots: KvSlots,
    adapters: LoraStore | null = null,
  ) {
    this.#session = session;
    this.#adapters = adapters;
    const isInt8 = slots.shape.type === 'i8';
    this.#cache = isInt8 ? new Int8Cache(slots) : new FloatCache(slots);
    this.prefill = slots.states !== null ? STATE_PREFILL : isInt8 ? INT8_PREFILL : CPU_PREFILL;
    this.moe = moe;
    this.#hiddenSize = hiddenSize;
    const { numSlots } = slots.options;
    const numHeadRows = isInt8
      ? PREFILL_HEAD_ROWS + numSlots
      : Math.max(PREFILL_HEAD_ROWS, numSlots);
    this.head = new HeadBuffers(vocabSize, numHeadRows);
  }

  async run(input: ForwardInput): Promise<void> {
    const { feeds, fetches } = this.#cache.bind(input);
    const normRows = normRowsOf(input);
    this.#bindHead(feeds, input, normRows);
    this.#bindOutputs(fetches, input);
    this.#bindHidden(fetches, input);
    this.#bindExperts(fetches, input);
    const adapters = this.#adapters;
    const all = adapters === null ? feeds : withLoraFeeds(feeds, adapters, input, normRows);
    await this.#session.run(all, fetches);
    this.#cache.finish(input);
  }

  #bindHead(feeds: Tensors, input: ForwardInput, normRows: readonly number[]): void {
    const temperatures = input.headRows.length === 0 ? [1] : input.temperatures;
    const rows = BigInt64Array.from(normRows, BigInt);
    feeds[GRAPH_INPUTS.headRows] = tensorOf('int64', rows, [normRows.length]);
    const temperature = Float32Array.from(temperatures);
    feeds[GRAPH_INPUTS.temperature] = tensorOf('float32', temperature, [temperature.length]);
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
}

/** Rows that go through the final norm: those of the head, of which a run has at least one, come first. */
function normRowsOf({ headRows, hiddenRows }: ForwardInput): readonly number[] {
  return [...(headRows.length === 0 ? [0] : headRows), ...hiddenRows];
}
