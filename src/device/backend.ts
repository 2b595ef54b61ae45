import type { LoadRow, MapRow, SaveRow } from '../core/batch.js';
import type { DeviceFacts } from '../core/device-facts.js';
import type { LoraId } from '../core/lora.js';
import type { MoeSpec } from '../core/model-spec.js';
import type { LoraStore } from './lora/lora-store.js';
import type { HeadRows } from './sampling/head-rows.js';

/**
 * What a device that generates must do. The model runner knows these two and no back end: where the rows of K and V
 * are, and how a run of the graph finds them. `cpu/` copies rows between slots and pages, `paged/` maps pages.
 */
export interface ModelBackend {
  readonly kv: KvStore;
  readonly forward: Forward;
  readonly facts: DeviceFacts;
  /** Adapters that runs may have; absent = the graph has no place for any. */
  readonly adapters?: LoraStore | null;
  /** Frees the session; nothing may run. */
  readonly release: () => Promise<void>;
}

/** Rows of K and V by slot. Every method but {@link renew} is done when it returns. */
export interface KvStore {
  /** An empty slot. */
  open(slot: number): void;
  free(slot: number): void;
  /** Rows that hold KV: `[0, result)`. */
  lengthOf(slot: number): number;
  /** A slot that keeps a state and grows takes what the last run made of it; it never shrinks. */
  setLength(slot: number, length: number): void;
  /** Where rows of a slot lie from now on; a back end that copies does nothing. */
  map(row: MapRow): void;
  /** The first rows of a slot are those of the pages, and its state is that of the place. */
  load(row: LoadRow): void;
  /** States that are to be saved as soon as {@link setLength} comes to them; never when the slot is freed before. */
  saveStates(saves: readonly SaveRow[]): void;
  /** The rows of a slot from `fromToken` on are to be on `pages`, one after the other. */
  store(slot: number, fromToken: number, pages: Int32Array): void;
  /**
   * The sequences of a decode run over these slots, in the order in which the run has them; {@link FILLER}s and other
   * open slots among them run along at their own length, and write only where nothing lives.
   */
  arrange(decoding: ReadonlySet<number>): readonly number[];
  /** Slots were freed: what takes too much memory for nothing may go. */
  giveBackMemory(): void;
  /** Forgets all pages. Their memory is free when this settles. */
  renew(): Promise<void>;
}

/** In the place of a slot: a sequence that nobody asked for. */
export const FILLER = -1;

/** How prompts are cut into runs. */
export interface PrefillRule {
  /** Most rows of a run. */
  readonly maxRows: number;
  /** Most sequences that one run takes rows of. */
  readonly maxSequences: number;
  /** A run may decode beside it, and sequences that it decodes may have more rows in it, with the bits of decode rows. */
  readonly mixes: boolean;
  /**
   * `even`: a run has an even number of rows, computing the row before it again or a dummy one behind it. `even behind`:
   * always a dummy one behind it, as no row can be computed twice.
   * A number: a run has at least so many, with dummy rows behind it.
   */
  readonly padding: 'even' | 'even behind' | number;
}

/** Runs the graph. */
export interface Forward {
  /** What the last run wrote for its head rows, valid until the next. */
  readonly head: HeadRows;
  /** Choices of the last run that wanted them: `[rows of the run, topK]` for each layer that routes. */
  readonly experts: readonly BigInt64Array[];
  /**
   * Of the last run that wanted them: `[hiddenRows.length, hiddenSize]`, after the final norm. Made anew for each such
   * run, so that it can be transferred; its buffer may hold more than these rows.
   */
  readonly hidden: Float32Array<ArrayBuffer>;
  /** Layers and experts of a model that routes; null for a dense one. */
  readonly moe: MoeSpec | null;
  readonly prefill: PrefillRule;
  /** One run, in place. Rejects with the runtime's error. */
  run(input: ForwardInput): Promise<void>;
}

/** One run of the graph. All arrays belong to the caller and are read before `run` returns. */
export interface ForwardInput {
  /**
   * Sequences that decode, as {@link KvStore.arrange} gave them, and behind them sequences to extend: both only where
   * {@link PrefillRule.mixes}, and then the latter are among the former too, running along there.
   */
  readonly slots: readonly number[];
  /** How many of `slots` decode, with a row each. */
  readonly numDecoding: number;
  /**
   * How many of the sequences right behind them follow one of them: more rows of the same slot, which get the bits that
   * they would have one at a time. Only where {@link PrefillRule.mixes}; default: none.
   */
  readonly numFollowing?: number;
  /** `[slots.length]`: the adapter of each sequence; absent = none has one. */
  readonly adapters?: readonly LoraId[];
  /** `[slots.length]`: rows of each sequence in the run. */
  readonly counts: readonly number[];
  /** The rows of one sequence behind those of the other. */
  readonly tokens: Int32Array;
  /** `[slots.length]`: rows of each sequence after the run. */
  readonly lengths: Int32Array;
  /** So many of the last rows are dummies, where {@link PrefillRule.padding} is `even behind`; default: none. */
  readonly numDummyRows?: number;
  /** Indices into `tokens` of the rows that go through the head, at most {@link HeadRows}' capacity. */
  readonly headRows: readonly number[];
  /** One per head row, > 0. */
  readonly temperatures: readonly number[];
  /** One per head row: {@link HeadRows.logprobs} of the row is read, not its best entries alone. */
  readonly wholeRows: readonly boolean[];
  /** The raw logits are fetched too: {@link HeadRows.logits}. */
  readonly wantLogits: boolean;
  /** Indices into `tokens` of the rows whose final hidden states are fetched: {@link Forward.hidden}. */
  readonly hiddenRows: readonly number[];
  /** The experts that each row took are fetched too: {@link Forward.experts}. */
  readonly wantExperts: boolean;
}
