import type { ModelSpec, StatePart } from '../../core/model-spec.js';
import type { ModelTarget } from '../target.js';

/**
 * The contract between the graph that `model/` builds and the runner in `device/`.
 * B rows of S tokens; R rows of the flattened `[B * S]` go through the final norm, and the first L of them through
 * the head, L >= 1; V = vocabSize.
 * `S > 1` needs `B = 1`; `B = 0` is never run (it kills the process).
 *
 * A prefill run has an EVEN number of rows: the attention op computes the rows of a run in blocks of
 * an even size (of the head and of the CPU's cache), and a block with one row left over takes another
 * kernel with other last bits. An odd run takes the row before it again, or at position 0 a dummy row
 * after it. That covers the run of a single row too.
 */
export const GRAPH_INPUTS = {
  /** `[B, S] i64` */
  inputIds: 'input_ids',
  /** `[B] i32`: rows in the cache after this run, minus one. */
  seqlensK: 'seqlens_k',
  /** scalar i32: the largest of them, plus one. */
  totalLength: 'total_sequence_length',
  /** `[R] i64`, indices into the flattened `[B * S]`; R >= 1. */
  headRows: 'head_rows',
  /** `[L] f32`, > 0; greedy rows pass 1. Its length is what says L. */
  temperature: 'temperature',
} as const;

export const GRAPH_OUTPUTS = {
  /**
   * A sequence, declared first, so that the binding throws after the native run has filled the
   * preallocated outputs and before it copies them (device/ort.ts).
   */
  stopCopy: 'stop_copy',
  /** `[L, V] f32`: log-softmax of logits / temperature. */
  logprobs: 'logprobs',
  /** `[L, min(64, V)] f32`, largest first. */
  topValues: 'top_values',
  /** `[L, min(64, V)] i64` */
  topIds: 'top_ids',
  /** `[L, V] f32`: before temperature; fetched only by rows with a repetition penalty. */
  logits: 'logits',
  /** `[R, hidden] f32`: after the final norm; fetched only for requests that want to see them. */
  hiddenStates: 'hidden_states',
} as const;

/** Best tokens of a row that the graph sorts. */
export const TOP_ROWS = 64;

/** The attention op sums products over more dimensions than this in pieces of so many… */
const PIECE_DIMS = 128;
/** …but in one piece where a run has fewer keys than this. */
const PIECES_FROM_KEYS = 65;

/**
 * Keys that a prefill run must give the attention op, so that the last bits of a row do not depend on where
 * its run ended: 0 = as many as there are. The graph puts zeros in the place of those that lack, as
 * far as the cache has room; they are written to its rows behind the run, which hold nothing.
 * `headDim` is that of the cache. See docs/decisions/0001-even-prefill-runs.md.
 */
export function prefillKeys(headDim: number): number {
  return headDim <= PIECE_DIMS ? 0 : PIECES_FROM_KEYS;
}

/** Input that has a layer's keys or values: `[B, kvHeads, maxSeq, headDim] f32 | i8`, shared with {@link presentName}. */
export function pastName(layer: number, part: 'key' | 'value'): string {
  return `past.${layer}.${part}`;
}

/**
 * Output that has a layer's keys or values after the run: the buffer of {@link pastName}, written in place. A layer that
 * reads those of another has this output alone, in the buffer of that layer.
 */
export function presentName(layer: number, part: 'key' | 'value'): string {
  return `present.${layer}.${part}`;
}

/**
 * More inputs of a graph whose K and V are integers (`spec.kvType` i8). A run decodes D rows in place, as one on floats
 * does, and N = E = 0. Or it extends N sequences, and D = 0. Or it does both: the window of {@link pastName} has D rows,
 * those of the N sequences among them, which run along in the decode part and write behind their last row. With N > 0
 * `input_ids` is `[1, D + E]`, the rows of one sequence behind those of the other; new rows of the N sequences come out as
 * {@link newRowsName} and are the caller's to put into the window, over what was written there.
 *
 * A sequence that follows one that decodes is the same one behind its decode row: its rows have the bits of decode rows.
 * One that decodes alone, D = 1, may have its rows in place instead: `input_ids` is `[1, 1 + E]`, and N = 0.
 */
export const EXTEND_INPUTS = {
  /** `[E] i64`: of each row in its sequence. */
  positions: 'extend_positions',
  /** `[N] bool`: whether the sequence follows one that decodes. */
  follows: 'extend_follows',
  /** `[N, 1] i64`: where the rows of each sequence begin and end in the E. */
  begins: 'extend_begins',
  ends: 'extend_ends',
  /** `[N * 2] i64`: of each sequence its row in the window and 0; that row plus one and how many rows it has before the run. */
  pastBegins: 'extend_past_begins',
  pastEnds: 'extend_past_ends',
  /** `[N] i32`: rows of each sequence after the run, minus one; and without that. */
  seqlensK: 'extend_seqlens_k',
  totalLengths: 'extend_total_lengths',
} as const;

/**
 * A sequence that is extended alone by more rows than this is attended to in two parts, the first of so many, an even
 * number: the op computes the whole square of what it is given.
 */
export const PART_ROWS = 128;

/**
 * More inputs of a graph whose layers keep a state (`spec.state`): what each of them has before the run, and gets as
 * another output after it. A run changes no state by itself: the caller takes what counts.
 */
export const STATE_INPUTS = {
  /** `[1] i64`: the first so many of the S rows of each sequence change its state; those behind them are dummies. */
  rows: 'state_rows',
} as const;

/** `[B, ...shape] f32`: what sequences keep of a layer, before the run. */
export function pastStateName(layer: number, part: StatePart): string {
  return `past_state.${layer}.${part}`;
}

/** The same after the run, in a buffer of its own. */
export function presentStateName(layer: number, part: StatePart): string {
  return `present_state.${layer}.${part}`;
}

/**
 * More inputs of a graph with places for LoRA adapters (`spec.lora`), beside {@link loraName}: a run has S adapters, at
 * least one, and T rows. Rows that decode, one of a sequence, and rows that extend have them by other kernels: a run has
 * adapters on rows of one kind.
 */
export const LORA_INPUTS = {
  /** `[1] bool`: some row has an adapter; else nothing that follows is read. */
  any: 'lora_any',
  /** `[1] bool`: the rows that have one decode, and the next three say which. Else `rows` says it. */
  decodes: 'lora_decodes',
  /** `[S, C, 1] i64`: rows of each adapter, as many as the one with the most has. */
  places: 'lora_places',
  /** `[S, C, 1, 1] bool`: it is one; false = the adapter has no more. */
  taken: 'lora_taken',
  /** `[1, 1, 1, S, C, 1, 2] i64`: 0 and that row. */
  targets: 'lora_targets',
  /** `[S, 1, T] bool`: which of the adapters each row has, at most one. */
  rows: 'lora_rows',
} as const;

/** The same of the R rows that go through the final norm, as they are numbered there. */
export const LORA_HEAD_INPUTS = {
  places: 'lora_head_places',
  taken: 'lora_head_taken',
  targets: 'lora_head_targets',
} as const;

/** The same of the L rows that go through the head. */
export const LORA_LOGIT_INPUTS = {
  places: 'lora_logit_places',
  taken: 'lora_logit_taken',
  targets: 'lora_logit_targets',
} as const;

/**
 * A and B of a linear for all adapters of the run: `a [1, 1, S, 1, in, M] f32` and `b [1, 1, 1, S, 1, M, out] f32`. The M
 * columns of A are as many of each part of the linear, a power of two. Each has an axis more than what is multiplied by
 * it: else the runtime makes one product of the vectors of rows that decode, whose bits go by how many they are. Of the
 * table of tokens `a [S * in, M]`, a row for each token.
 */
export function loraName(linear: string, half: 'a' | 'b'): string {
  return `lora.${linear}.${half}`;
}

/** `[2 * kvHeads, E, headDim] i8`: K and V of a layer's new rows, the heads of K first. */
export function newRowsName(layer: number): string {
  return `new_rows.${layer}`;
}

/** `[B * S, topK] i64`: the experts each token took in that layer; fetched only while recording. */
export function expertsName(layer: number): string {
  return `experts.${layer}`;
}

/**
 * The contract of a model that answers with vectors. B sequences, padded on the right to S tokens, an even number; R rows
 * of the flattened `[B * S]` are pooled. Nothing is cached, and padding reaches no real row.
 */
export const EMBED_INPUTS = {
  inputIds: GRAPH_INPUTS.inputIds,
  /** `[B, S] i64` of 0 and 1; causal models ignore it. */
  tokenTypes: 'token_types',
  /** `[B] i32`: length of each sequence, minus one. */
  seqlensK: GRAPH_INPUTS.seqlensK,
  /** scalar i32: S. */
  totalLength: GRAPH_INPUTS.totalLength,
  /**
   * `[R] i64`, indices into the flattened `[B * S]`. Pooling by cls or last alone: one per sequence, and that
   * row is the answer. Each token its own: all real rows, which are the answers. Else P of each sequence,
   * which takes its last row again in the place of those that it lacks.
   */
  headRows: GRAPH_INPUTS.headRows,
  /** `[B, modes, P] f32`: how much of each row is in the vector of a mode, for all modes but max; `[1, 1, 1]` without any. */
  poolWeights: 'pool_weights',
} as const;

export const EMBED_OUTPUTS = {
  /** A sequence, declared first, so that the binding stops before it copies outputs ({@link GRAPH_OUTPUTS}). */
  stopCopy: GRAPH_OUTPUTS.stopCopy,
  /** `[B, dim] f32`, or `[R, dim]` where each token has its own. */
  vectors: 'vectors',
} as const;

/** What a device worker needs to create a session. A plain value: it crosses threads by copy. */
export interface PreparedModel {
  readonly spec: ModelSpec;
  /** ModelProto bytes; initializers are external, in files of `weightsFolder`. */
  readonly graph: Uint8Array;
  readonly weightsFolder: string;
  readonly target: ModelTarget;
  /** Whether a row's bits never depend on the rows beside it. */
  readonly isBatchInvariant: boolean;
}

/**
 * Inputs of a graph whose K and V lie on pages inside the session ({@link cacheName}), beside `input_ids [1, T]`,
 * `head_rows` and `temperature` of {@link GRAPH_INPUTS}. B sequences, the rows of each one behind the other; the
 * outputs are those of {@link GRAPH_OUTPUTS}, but for `stop_copy`, and `logprobs` and `logits` have `[F, V]`.
 */
export const PAGED_INPUTS = {
  /** `[B + 1] i32`, from 0 to T: where the rows of each sequence begin and end. */
  cumulativeLengths: 'cumulative_sequence_length',
  /** `[B] i32`: rows of each sequence that its pages hold before the run. */
  pastLengths: 'past_seqlens',
  /** `[B, most pages of a sequence] i32` */
  blockTable: 'block_table',
  /**
   * `[2] i32`: most rows of a sequence in the run, most rows of one after it; without it they are read back. CUDA takes
   * a third, the least that the latter can be, and cuts long sequences of a decode run into parts for it.
   */
  metadata: 'attention_metadata',
  /** `[F] i64`, indices into the L head rows; F >= 1. */
  wholeRows: 'whole_rows',
} as const;

/**
 * Initializer that has a layer's keys or values, `[numPages, pageSize, kvHeads, headDim]`: written in place. The device
 * adds them to the graph (graph/paged/page-caches.ts), for it knows how many pages there are.
 */
export function cacheName(layer: number, part: 'key' | 'value'): string {
  return `cache.${layer}.${part}`;
}

/** Most dummy rows behind a run on pages: positions that the rotary tables have beyond the context. */
export const PAGED_RUN_ROWS_MIN = 32;
