import type { Grammar } from './grammar.js';
import type { HiddenRows } from './hidden-states.js';
import type { LoraId } from './lora.js';
import type { SlotSpeculation } from './speculation.js';
import type { LogprobRow, LogprobWants, SamplingParams } from './sampling-params.js';

/**
 * One step of one device as a value (docs/architecture.md, "The step and the slots"). The device runs the parts in the
 * order of the fields: opens, maps, loads, prefill, decode with turns, stores, frees; saves come among the rows. Its
 * result leaves before the stores. Steps are FIFO per device, so the next one finds them done; one that only begins requests may run together
 * with the one before it, and then reads nothing that that one stores (device/generate/joined-steps.ts).
 */
export interface StepPlan {
  readonly step: number;
  /** Slots whose request starts or resumes here. */
  readonly opens: readonly SlotOpen[];
  /**
   * Where the rows of slots lie from this step on, as far as that is news. A device that copies between slots and pages
   * ignores it; for one that keeps rows on the pages themselves it comes before all that reads or writes rows: when the
   * tree had the rows already, a seat goes on with the tree's pages (`inserted`), and those that it had may be written
   * by another seat in this very step.
   */
  readonly maps: readonly MapRow[];
  /** Copy cached pages into a slot from row 0 on, and the recurrent state behind them where the model keeps one. */
  readonly loads: readonly LoadRow[];
  /** Copy the recurrent state of a slot to a place, at the moment at which it has just so many rows. */
  readonly saves: readonly SaveRow[];
  /** Prompt rows to compute. Result rows of these come first: `planRow` in [0, prefill.length). */
  readonly prefill: readonly PrefillRow[];
  /** `[slot, token, emit]` triples; see {@link DECODE_STRIDE}. `planRow` continues after prefill. */
  readonly decode: Int32Array;
  /** `[slot, maxRows]` pairs of slots that speculate; see {@link TURN_STRIDE}. `planRow` continues after decode. */
  readonly turns: Int32Array;
  /** Copy rows of a slot to pages. */
  readonly stores: readonly StoreRow[];
  /** Slots that are closed at the end of the step. */
  readonly frees: readonly number[];
  /** The result says which experts the rows took ({@link StepResult.routing}). */
  readonly recordsExperts: boolean;
}

/** A step plan of these parts; the others are empty. */
export function stepOf(step: number, parts: Partial<StepPlan>): StepPlan {
  return {
    opens: [],
    maps: [],
    loads: [],
    saves: [],
    prefill: [],
    decode: new Int32Array(0),
    turns: new Int32Array(0),
    stores: [],
    frees: [],
    recordsExperts: false,
    ...parts,
    step,
  };
}

/** decode[3i] = slot; [3i+1] = token to feed, or -1 for the slot's last one; [3i+2] = 1 to sample, 0 to replay. */
export const DECODE_STRIDE = 3;

/**
 * turns[2i] = slot; [2i+1] = most rows that it may compute, at least 1. The device knows the tokens, and whether they are
 * rows of a verification or one of the decode run; rows of outputs that are known already are computed the way they
 * were made first.
 */
export const TURN_STRIDE = 2;

export interface SlotOpen {
  readonly slot: number;
  readonly sampling: SamplingParams;
  readonly promptLen: number;
  /** Absent = it asks for the model as it is. */
  readonly adapter?: LoraId;
  /** Output ids made before a retraction or retry; empty on a first run. Penalties and counters follow. */
  readonly priorOutputIds: Int32Array;
  readonly logprobs: LogprobWants | null;
  /** From this row on its final hidden states are wanted; Infinity = of none. */
  readonly hiddenFrom: number;
  /** What the answer must match; null = anything. */
  readonly grammar: Grammar | null;
  /** Its output rows are {@link StepPlan.turns}; null = they are decode rows. */
  readonly speculation: SlotSpeculation | null;
}

/** Pages `[fromPage, fromPage + pages.length)` of the slot's rows lie on `pages` from this step on. */
export interface MapRow {
  readonly slot: number;
  /** At most as many pages as the slot has: a list without holes. */
  readonly fromPage: number;
  readonly pages: Int32Array;
}

export interface LoadRow {
  readonly slot: number;
  /** Rows `[0, numTokens)` of the slot; a multiple of the page size. */
  readonly numTokens: number;
  readonly pages: Int32Array;
  /** The place of the state behind the last of these rows; absent = the model keeps none. */
  readonly statePlace?: number;
}

export interface SaveRow {
  readonly slot: number;
  /**
   * The step computes the row before this one, and a run of a prompt ends there. Where that row comes to nothing, for a
   * mask that was late, the state is saved when it is done; a slot that is freed before saves nothing.
   */
  readonly numTokens: number;
  readonly place: number;
}

export interface PrefillRow {
  readonly slot: number;
  /** Rows `[position, position + tokens.length)`. */
  readonly position: number;
  readonly tokens: Int32Array;
  /** Token of row `position - 1`, or -1 at position 0: an odd run computes that row again. */
  readonly previousToken: number;
  /** The token after the last one, whose log-probability its row gives; -1 at the end of the prompt. */
  readonly nextToken: number;
  /** True when the last row's logits give the first output token. */
  readonly sample: boolean;
}

export interface StoreRow {
  readonly slot: number;
  /** First row to copy; a multiple of the page size. One page after the other. */
  readonly fromToken: number;
  readonly pages: Int32Array;
}

/** What a step did. Row i answers the plan row it names, never "the current owner of slot s". */
export interface StepResult {
  readonly step: number;
  /** `[planRow, token, flags]` triples; see {@link RESULT_STRIDE}. Only rows that sampled a token; of a turn several. */
  readonly tokens: Int32Array;
  /** `[planRow, numRows, numDrafts, numCorrect]`; see {@link TURN_RESULT_STRIDE}. Turns that computed nothing are left out. */
  readonly turns: Int32Array;
  readonly logprobRows: readonly PlanLogprobRow[];
  /** By request in the order of its rows; a row whose mask was late may come again. */
  readonly hiddenRows: readonly PlanHiddenRows[];
  /** Null unless the plan asked for it and the model routes. */
  readonly routing: RoutedRows | null;
  readonly timing: StepTiming;
}

/**
 * The experts of the rows that a step computed for requests: no fillers, dummies, or rows computed again
 * to make a run even. `n` rows, by plan row and position.
 */
export interface RoutedRows {
  /** `[n]` */
  readonly planRows: Int32Array;
  /** `[n]`: rows of the request's KV. */
  readonly positions: Int32Array;
  /** `[n]`: the tokens that were fed. */
  readonly tokens: Int32Array;
  /** `[n, numMoeLayers, topK]`, most probable first. */
  readonly experts: Uint16Array;
}

/**
 * turns[4i] = plan row; [4i+1] = rows that the turn added to the slot; [4i+2] = drafts among the tokens that it fed;
 * [4i+3] = those of them that were right.
 */
export const TURN_RESULT_STRIDE = 4;

/** tokens[3i] = plan row; [3i+1] = sampled token; [3i+2] = flags, {@link RESULT_STOP} and its neighbours. */
export const RESULT_STRIDE = 3;

/** Bit of `flags` in {@link StepResult.tokens}: a stop token was sampled. A slot with any bit ends by itself. */
export const RESULT_STOP = 1;
/** Bit of `flags` in {@link StepResult.tokens}: `max_new_tokens` is reached. */
export const RESULT_LENGTH = 2;
/**
 * Bit of `flags` in {@link StepResult.tokens}: the model gave no distribution (NaN or infinite logits), `token`
 * means nothing, the request fails.
 */
export const RESULT_FAILED = 4;

/**
 * Bit of `flags` in {@link StepResult.tokens}: the mask of the next token was not there in time. The row is as
 * though it had never run, and must be planned again; `token` means nothing.
 */
export const RESULT_STALLED = 8;
/** Bit of `flags` in {@link StepResult.tokens}: the grammar allows no token, or cannot be followed; the request fails. */
export const RESULT_DEAD_END = 16;
/** Bit of `flags` in {@link StepResult.tokens}: the mask did not come for long; the request fails. */
export const RESULT_NO_MASK = 32;

export interface PlanLogprobRow extends LogprobRow {
  readonly planRow: number;
  /** Prompt position of the scored token, or output index for outputs. */
  readonly position: number;
  readonly part: 'prompt' | 'output';
}

export interface PlanHiddenRows extends HiddenRows {
  readonly planRow: number;
}

/**
 * Microseconds that each part of a step took, as far as it is over when the result leaves. All 0 where it ran together
 * with the step before it, which has the time of both.
 */
export interface StepTiming {
  /** When it began, in epoch milliseconds with fractions; 0 like the others. */
  readonly startMs: number;
  readonly loadUs: number;
  readonly prefillUs: number;
  readonly decodeUs: number;
  /** Of the step before: its stores and frees. */
  readonly lastStoreUs: number;
}

/**
 * One embed step: whole sequences through an encoder or a pooled causal model. No slots, no pages, no
 * tree; FIFO with the generate steps of the same device.
 */
export interface EmbedPlan {
  readonly step: number;
  readonly sequences: readonly EmbedSequence[];
  /** The result says which experts the tokens took ({@link EmbedResult.routing}). */
  readonly recordsExperts: boolean;
}

export interface EmbedSequence {
  /** `[length]`, at least one token. */
  readonly tokens: Int32Array;
  /** `[length]` of 0 and 1 for a pair of texts; null = all 0. */
  readonly tokenTypes: Int32Array | null;
}

export interface EmbedResult {
  readonly step: number;
  readonly dim: number;
  /** Each token of a sequence has a vector. */
  readonly isPerToken: boolean;
  /**
   * `[sequences.length, dim]`: pooled vectors, or the scores of a classification head; or `[all tokens, dim]`. Its buffer
   * is transferred.
   */
  readonly vectors: Float32Array<ArrayBuffer>;
  /** By sequence of the plan; null unless the plan asked for it and the model routes. */
  readonly routing: RoutedRows | null;
  readonly computeUs: number;
  /** When it began, in epoch milliseconds with fractions. */
  readonly startMs: number;
}
