import { InferenceSession, Tensor } from 'onnxruntime-node';

import {
  KV_PARTS,
  kvLayersOf,
  kvParts,
  stateElements,
  type KvLayer,
  type ModelSpec,
} from '../../../src/core/model-spec.js';
import { withLoraFeeds } from '../../../src/device/lora/bind-lora.js';
import type { LoraStore } from '../../../src/device/lora/lora-store.js';
import {
  GRAPH_INPUTS,
  GRAPH_OUTPUTS,
  pastName,
  pastStateName,
  presentName,
  presentStateName,
  STATE_INPUTS,
  TOP_ROWS,
  type PreparedModel,
} from '../../../src/model/graph/contract.js';

/** What the binding throws after the native run, and before it would copy the outputs. */
const STOPPED_COPY = 'Non tensor type is temporarily not supported.';

export interface RunOptions {
  readonly numThreads?: number;
  readonly slots?: number;
  readonly maxSeq?: number;
  /** Other outputs to fetch, name → preallocated tensor, made for a run of B * S tokens. */
  readonly extraOutputs?: (numTokens: number) => Readonly<Record<string, Tensor>>;
  /** Adapters, and which each slot has; needed where the graph has a place for them. */
  readonly lora?: { readonly store: LoraStore; readonly of: (slot: number) => number } | null;
}

export interface Row {
  readonly token: number;
  /** Rows already in the slot's cache. */
  readonly position: number;
}

export interface HeadOutputs {
  readonly logits: Float32Array;
  readonly logprobs: Float32Array;
  readonly topValues: Float32Array;
  readonly topIds: BigInt64Array;
}

/** Runs a graph by the contract of graph/contract.ts, with K and V in place. Slots are physical rows. */
export class GraphRunner {
  /** Those of keys, then those of values, of each layer. */
  readonly #caches: readonly Float32Array[];
  readonly #layers: readonly KvLayer[];
  /** Of each slot, what its state was when it had so many rows. */
  readonly #states: Map<number, readonly Float32Array[]>[];

  private constructor(
    readonly session: InferenceSession,
    readonly spec: ModelSpec,
    readonly options: Required<RunOptions>,
  ) {
    const { slots, maxSeq } = options;
    this.#layers = kvLayersOf(spec);
    this.#caches = this.#layers.flatMap((layer) => {
      const { numKvHeads, headDim } = layer;
      const arrays = kvParts(layer).map(
        () => new Float32Array(slots * numKvHeads * maxSeq * headDim),
      );
      return KV_PARTS.map((_, at) => arrays[at] ?? arrays[0] ?? new Float32Array());
    });
    this.#states = Array.from({ length: slots }, () => new Map<number, Float32Array[]>());
  }

  static async create(model: PreparedModel, options: RunOptions = {}): Promise<GraphRunner> {
    const session = await InferenceSession.create(model.graph, {
      intraOpNumThreads: options.numThreads ?? 1,
      extra: { session: { model_external_initializers_file_folder_path: model.weightsFolder } },
    });
    return new GraphRunner(session, model.spec, {
      numThreads: 1,
      slots: 1,
      maxSeq: 64,
      extraOutputs: () => ({}),
      lora: null,
      ...options,
    });
  }

  /** One run: writes `tokens` at `position` of a slot; the log-probabilities of `headRows`. */
  async prefill(
    slot: number,
    position: number,
    tokens: readonly number[],
    headRows: readonly number[] = [...tokens.keys()],
    numCounted = tokens.length,
  ): Promise<Float32Array[]> {
    const ids = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
    const seqlensK = [position + tokens.length - 1];
    return this.#run({ ids, seqlensK, headRows, firstSlot: slot, numCounted });
  }

  /**
   * Log-probabilities of all `tokens` at `position`, by the rule of graph/contract.ts: a run has an even
   * number of rows. An odd one takes the row before it again, or a dummy row after it at position 0, or anywhere where
   * a state is kept.
   */
  async extend(
    slot: number,
    position: number,
    tokens: readonly number[],
    before: number | null,
  ): Promise<Float32Array[]> {
    const wanted = [...tokens.keys()];
    if (tokens.length % 2 === 0) return this.prefill(slot, position, tokens, wanted);
    if (before === null || this.spec.state !== null) {
      return this.prefill(slot, position, [...tokens, 0], wanted, tokens.length);
    }
    const shifted = wanted.map((row) => row + 1);
    return this.prefill(slot, position - 1, [before, ...tokens], shifted);
  }

  /** A whole prompt in extends of at most `chunk` tokens. */
  async prefillInChunks(
    slot: number,
    tokens: readonly number[],
    chunk: number,
  ): Promise<Float32Array[]> {
    const rows: Float32Array[] = [];
    for (let start = 0; start < tokens.length; start += chunk) {
      const part = tokens.slice(start, start + chunk);
      rows.push(...(await this.extend(slot, start, part, tokens[start - 1] ?? null)));
    }
    return rows;
  }

  /** One token for each of the slots `[0, rows.length)`. */
  async decode(rows: readonly Row[]): Promise<Float32Array[]> {
    const tokens = BigInt64Array.from(rows, ({ token }) => BigInt(token));
    return this.#run({
      ids: new Tensor('int64', tokens, [rows.length, 1]),
      seqlensK: rows.map(({ position }) => position),
      headRows: [...rows.keys()],
      firstSlot: 0,
    });
  }

  /** One token of slot 0 with all outputs of the head. */
  async runAll(token: number, position: number, temperature: number): Promise<HeadOutputs> {
    const { vocabSize } = this.spec;
    const topRows = Math.min(TOP_ROWS, vocabSize);
    const outputs: HeadOutputs = {
      logits: new Float32Array(vocabSize),
      logprobs: new Float32Array(vocabSize),
      topValues: new Float32Array(topRows),
      topIds: new BigInt64Array(topRows),
    };
    await this.#run({
      ids: new Tensor('int64', BigInt64Array.of(BigInt(token)), [1, 1]),
      seqlensK: [position],
      headRows: [0],
      firstSlot: 0,
      temperature,
      fetches: {
        [GRAPH_OUTPUTS.logits]: new Tensor('float32', outputs.logits, [1, vocabSize]),
        [GRAPH_OUTPUTS.logprobs]: new Tensor('float32', outputs.logprobs, [1, vocabSize]),
        [GRAPH_OUTPUTS.topValues]: new Tensor('float32', outputs.topValues, [1, topRows]),
        [GRAPH_OUTPUTS.topIds]: new Tensor('int64', outputs.topIds, [1, topRows]),
      },
    });
    return outputs;
  }

  /** A copy of `[kvHeads, length, headDim]` of K or V of one slot. */
  cache(slot: number, layer: number, part: 'key' | 'value', length: number): Float32Array {
    const { maxSeq } = this.options;
    const nth = this.#layers.findIndex((one) => one.layer === layer);
    const { numKvHeads = 0, headDim = 0 } = this.#layers[nth] ?? {};
    const all = this.#caches[nth * 2 + KV_PARTS.indexOf(part)] ?? new Float32Array();
    const rows = new Float32Array(numKvHeads * length * headDim);
    for (let head = 0; head < numKvHeads; head++) {
      const start = (slot * numKvHeads + head) * maxSeq * headDim;
      rows.set(all.subarray(start, start + length * headDim), head * length * headDim);
    }
    return rows;
  }

  copySlot(from: number, to: number): void {
    for (const cache of new Set(this.#caches)) {
      const size = cache.length / this.options.slots;
      cache.copyWithin(to * size, from * size, (from + 1) * size);
    }
    this.#states[to] = new Map(this.#states[from]);
  }

  async #run(step: {
    ids: Tensor;
    seqlensK: readonly number[];
    headRows: readonly number[];
    firstSlot: number;
    temperature?: number;
    /** Rows of each sequence that change its state. */
    numCounted?: number;
    fetches?: Readonly<Record<string, Tensor>>;
  }): Promise<Float32Array[]> {
    const { vocabSize } = this.spec;
    const batch = step.seqlensK.length;
    const numRows = step.headRows.length;
    const logprobs = new Float32Array(numRows * vocabSize);
    const feeds: Record<string, Tensor> = {
      [GRAPH_INPUTS.inputIds]: step.ids,
      [GRAPH_INPUTS.seqlensK]: new Tensor('int32', Int32Array.from(step.seqlensK), [batch]),
      [GRAPH_INPUTS.totalLength]: new Tensor(
        'int32',
        Int32Array.of(Math.max(...step.seqlensK) + 1),
        [],
      ),
      [GRAPH_INPUTS.headRows]: new Tensor('int64', BigInt64Array.from(step.headRows, BigInt), [
        numRows,
      ]),
      [GRAPH_INPUTS.temperature]: new Tensor(
        'float32',
        new Float32Array(numRows).fill(step.temperature ?? 1),
        [numRows],
      ),
    };
    const fetches: Record<string, Tensor | null> = {
      [GRAPH_OUTPUTS.stopCopy]: null,
      [GRAPH_OUTPUTS.logprobs]: new Tensor('float32', logprobs, [numRows, vocabSize]),
      ...this.options.extraOutputs(step.ids.size),
      ...step.fetches,
    };
    this.#bindCaches(feeds, fetches, { firstSlot: step.firstSlot, batch });
    const takeStates = this.#bindStates(feeds, fetches, {
      ...step,
      numCounted: step.numCounted ?? 1,
    });
    await runInPlace(this.session, this.#withAdapters(feeds, step), fetches);
    takeStates();
    return step.headRows.map((_, row) => logprobs.slice(row * vocabSize, (row + 1) * vocabSize));
  }

  #withAdapters(
    feeds: Record<string, Tensor>,
    step: {
      ids: Tensor;
      seqlensK: readonly number[];
      headRows: readonly number[];
      firstSlot: number;
    },
  ): Record<string, Tensor> {
    const { lora } = this.options;
    if (lora === null) return feeds;
    const slots = step.seqlensK.map((_, i) => step.firstSlot + i);
    const numRows = step.ids.size / slots.length;
    const input = {
      adapters: slots.map(lora.of),
      counts: slots.map(() => numRows),
      tokens: new Int32Array(step.ids.size),
      numDecoding: 0,
    };
    return withLoraFeeds(feeds, lora.store, input, step.headRows);
  }

  #bindCaches(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
    rows: { firstSlot: number; batch: number },
  ): void {
    const { maxSeq } = this.options;
    for (const [nth, kv] of this.#layers.entries()) {
      const { layer, numKvHeads, headDim, readers = [] } = kv;
      const size = numKvHeads * maxSeq * headDim;
      for (const [at, part] of KV_PARTS.entries()) {
        const cache = this.#caches[nth * 2 + at] ?? new Float32Array();
        const view = cache.subarray(rows.firstSlot * size, (rows.firstSlot + rows.batch) * size);
        const tensor = new Tensor('float32', view, [rows.batch, numKvHeads, maxSeq, headDim]);
        if (kvParts(kv).includes(part)) feeds[pastName(layer, part)] = tensor;
        for (const reader of [layer, ...readers]) fetches[presentName(reader, part)] = tensor;
      }
    }
  }

  /** Returns what is to be done behind the run. */
  #bindStates(
    feeds: Record<string, Tensor>,
    fetches: Record<string, Tensor | null>,
    {
      ids,
      seqlensK,
      firstSlot,
      numCounted,
    }: { ids: Tensor; seqlensK: readonly number[]; firstSlot: number; numCounted: number },
  ): () => void {
    const tensors = this.spec.state?.tensors ?? [];
    if (tensors.length === 0) return () => undefined;
    feeds[STATE_INPUTS.rows] = new Tensor('int64', BigInt64Array.of(BigInt(numCounted)), [1]);
    const numRows = ids.size / seqlensK.length;
    const begins = seqlensK.map((last) => last + 1 - numRows);
    const presents = tensors.map((tensor, at) => {
      const size = stateElements(tensor);
      const past = new Float32Array(seqlensK.length * size);
      begins.forEach((begin, i) => {
        if (begin === 0) return;
        const state = this.#states[firstSlot + i]?.get(begin)?.[at];
        if (state === undefined) throw new Error(`slot ${firstSlot + i} has no state at ${begin}`);
        past.set(state, i * size);
      });
      const present = new Float32Array(past.length);
      const dims = [seqlensK.length, ...tensor.shape];
      feeds[pastStateName(tensor.layer, tensor.part)] = new Tensor('float32', past, dims);
      fetches[presentStateName(tensor.layer, tensor.part)] = new Tensor('float32', present, dims);
      return { present, size };
    });
    return () => {
      begins.forEach((begin, i) => {
        const states = presents.map(({ present, size }) => present.slice(i * size, (i + 1) * size));
        this.#states[firstSlot + i]?.set(begin + numCounted, states);
      });
    };
  }
}

async function runInPlace(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  fetches: Record<string, Tensor | null>,
): Promise<void> {
  try {
    await session.run(feeds, fetches);
  } catch (error) {
    if (error instanceof Error && error.message.includes(STOPPED_COPY)) return;
    throw error;
  }
  throw new Error('The binding copied the outputs: stop_copy did not stop it');
}
