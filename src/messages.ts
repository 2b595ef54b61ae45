/**
 * Every message that crosses a thread, one union per receiver. `kind` first, ids second, payload last.
 * All are copied by structured clone unless a field says transferred.
 */
import type { MessagePort } from 'node:worker_threads';
import type {
  EmbedPlan,
  EmbedResult,
  EmbedSequence,
  RoutedRows,
  StepPlan,
  StepResult,
  StepTiming,
} from './core/batch.js';
import type { CacheMiss } from './core/cache-miss.js';
import type { DeviceFacts } from './core/device-facts.js';
import type { Failure } from './core/errors.js';
import type { ExpertDump, ExpertTally } from './core/expert-recording.js';
import type { FinishReason } from './core/finish-reason.js';
import type { Grammar, GrammarSpec } from './core/grammar.js';
import type { HiddenRows, HiddenStatesMode } from './core/hidden-states.js';
import type { LogLevel } from './core/log-level.js';
import type { LoraId, LoraWeights } from './core/lora.js';
import type { PrefixLeaving, PromptQuestion } from './core/prefix-leaving.js';
import type { LogprobRow, LogprobWants, SamplingParams } from './core/sampling-params.js';
import type { TreesSeen, TreesWish } from './core/tree-view.js';

// ---- main → scheduler -------------------------------------------------------------------------

export type ToScheduler =
  | Submit
  | SubmitEmbed
  | Abort
  | StopAt
  | TextChecked
  | FlushCache
  | RecordExperts
  | ReadState
  | ReadRequests
  | Drain
  | Pause
  | Profile
  | SetKnobs
  | Continue
  | AttachDevice
  | RetireDevices
  | DeviceDown
  | RankDown;

/** Accepted whole or not at all; answered by exactly one {@link Submitted}. */
export interface Submit {
  readonly kind: 'submit';
  readonly batch: number;
  readonly reqs: readonly ReqInput[];
}

/** Texts for an embedding model. Accepted whole or not at all; answered by one {@link Submitted}. */
export interface SubmitEmbed {
  readonly kind: 'submitEmbed';
  readonly batch: number;
  readonly reqs: readonly EmbedInput[];
}

export interface EmbedInput extends EmbedSequence {
  /** Main's handle, of the same counter as {@link ReqInput.num}. */
  readonly num: number;
  readonly rid: string;
}

export interface ReqInput {
  /** Main's handle, unique for the life of the process. Everything after submission names it. */
  readonly num: number;
  readonly rid: string;
  /** `[promptLen]`, at least one id, all inside the vocabulary. */
  readonly inputIds: Int32Array;
  readonly sampling: SamplingParams;
  readonly logprobs: LogprobWants | null;
  /** Which of its final hidden states are shown; null = none. */
  readonly hiddenStates: HiddenStatesMode | null;
  /** What the answer must match; null = anything. */
  readonly grammar: Grammar | null;
  /** Absent = it asks for the model as it is. */
  readonly adapter?: LoraId;
  /** Prefix cache namespace: requests share prefixes only when this is equal. */
  readonly namespace: string;
  /** Whose request it is: nobody else is told of what it leaves in the cache. Empty = nobody's. */
  readonly tenant: string;
  /** {@link Admitted.miss} says why no more of it was cached. */
  readonly explainsMiss: boolean;
  /** Device rank that the client pinned, or null. */
  readonly dpRank: number | null;
  readonly priority: number;
  /** True when main looks for stop strings: an ending then waits for {@link StopAt} or {@link TextChecked}. */
  readonly hasTextStops: boolean;
}

/** Ends matching requests with an abort. Unknown rids are ignored, as in SGLang. */
export interface Abort {
  readonly kind: 'abort';
  /** All requests whose rid starts with this. Empty with `all` false matches nothing. */
  readonly ridPrefix: string;
  /** One request by handle (its client left); null to go by rid. */
  readonly num: number | null;
  readonly all: boolean;
  /** For the finish reason; null = SGLang's own words. */
  readonly message: string | null;
}

/** A stop string or regex matched in the text: the request ends after this many output tokens. */
export interface StopAt {
  readonly kind: 'stopAt';
  readonly num: number;
  readonly numOutputTokens: number;
  readonly matched: string;
}

/** Main saw all tokens of a request that ended by itself, and no stop string matched. */
export interface TextChecked {
  readonly kind: 'textChecked';
  readonly num: number;
}

/** Answered by {@link CacheFlushed}; refused while anything runs or waits. */
export interface FlushCache {
  readonly kind: 'flushCache';
  readonly id: number;
}

/** Answered by {@link StateRead}. */
export interface ReadState {
  readonly kind: 'readState';
  readonly id: number;
}

/** Which requests wait and run. Answered by {@link RequestsRead} in the same turn. */
export interface ReadRequests {
  readonly kind: 'readRequests';
  readonly id: number;
}

/** No new work; {@link Drained} follows the last ending. */
export interface Drain {
  readonly kind: 'drain';
}

/** No more rows until {@link Continue}. `retract` also sends running requests back to the queue. */
export interface Pause {
  readonly kind: 'pause';
  readonly mode: 'retract' | 'inPlace';
}

/** While on, every step is told of by a {@link StepTimed} with what it brought. */
export interface Profile {
  readonly kind: 'profile';
  readonly isOn: boolean;
}

/** Changes numbers of the scheduler's configuration from the next turn on. */
export interface SetKnobs {
  readonly kind: 'setKnobs';
  readonly knobs: Knobs;
}

export interface Knobs {
  readonly maxQueuedRequests?: number;
  readonly chunkedPrefillSize?: number;
  readonly maxPrefillTokens?: number;
  readonly decodeLogInterval?: number;
}

export interface Continue {
  readonly kind: 'continue';
}

export interface AttachDevice {
  readonly kind: 'attachDevice';
  readonly device: DeviceId;
  /** Which weights it has: grows with each update. A request never continues on other ones. */
  readonly weightsEpoch: number;
  readonly limits: DeviceLimits;
  /** A step that only begins requests may run together with the one before it. */
  readonly joinsSteps: boolean;
  /** Transferred. Carries {@link ToDevice} and {@link FromDevice}. */
  readonly port: MessagePort;
}

/** No device takes new requests any more; each ends when it is empty. */
export interface RetireDevices {
  readonly kind: 'retireDevices';
}

/** The worker of this generation is gone; its requests fail or are retried. */
export interface DeviceDown {
  readonly kind: 'deviceDown';
  readonly device: DeviceId;
  readonly message: string;
}

/** No other worker comes in the place of the last one of this rank. */
export interface RankDown {
  readonly kind: 'rankDown';
  readonly rank: number;
}

/** Of a rank without a device. */
export const NO_GENERATION = -1;

export interface DeviceId {
  readonly rank: number;
  readonly generation: number;
}

export interface DeviceLimits {
  readonly numSlots: number;
  /** Most rows a request may have: prompt and outputs together. */
  readonly slotLength: number;
  readonly numPages: number;
  readonly pageSizeTokens: number;
  /** Where recurrent states are kept for prefixes; absent = the model keeps none, or shares no prefixes. */
  readonly states?: StateLimits;
}

export interface StateLimits {
  readonly numPlaces: number;
  /** Of a long prompt the state is kept every so many tokens; a multiple of the page size. */
  readonly intervalTokens: number;
}

/** Expert statistics. Answered by {@link ExpertsRecorded}. */
export interface RecordExperts {
  readonly kind: 'recordExperts';
  readonly id: number;
  readonly action: ExpertAction;
}

/** `start` forgets what was recorded; `dump` gives it out and forgets it, and changes nothing else. */
export type ExpertAction = 'start' | 'stop' | 'dump';

// ---- scheduler → main -------------------------------------------------------------------------

export type ToMain =
  | Submitted
  | Output
  | CacheFlushed
  | StateRead
  | RequestsRead
  | Drained
  | SchedulerLog
  | ExpertsRecorded
  | QuestionFailed;

export interface Submitted {
  readonly kind: 'submitted';
  readonly batch: number;
  /** Null when accepted. */
  readonly failure: Failure | null;
}

/** Everything one step brought, for all requests of a device. */
export interface Output {
  readonly kind: 'output';
  /** Requests that got their first slot since the last output. */
  readonly admitted: readonly Admitted[];
  /** `[num, token]` pairs in output order. */
  readonly tokens: Int32Array;
  readonly logprobs: readonly ReqLogprobRow[];
  /** Of each request in the order of its rows, without gaps; buffers are transferred. */
  readonly hiddenRows: readonly ReqHiddenRows[];
  /** Answers of embed requests; each is also in `finished`, with SGLang's reason length 0. */
  readonly vectors: readonly ReqVector[];
  /** Requests that have no more tokens but wait for {@link StopAt} or {@link TextChecked}. */
  readonly toCheck: readonly number[];
  /** Exactly one for every accepted request, after its last token. */
  readonly finished: readonly Finished[];
  /** How long the steps took that are back; none unless somebody asks ({@link Profile}). */
  readonly timed: readonly StepTimed[];
}

export interface Admitted {
  readonly num: number;
  /** Prompt tokens that came from the prefix cache. */
  readonly cachedTokens: number;
  /** Rank of the device. */
  readonly dpRank: number;
  /** {@link AttachDevice.weightsEpoch} of the device. */
  readonly weightsEpoch: number;
  /** Milliseconds since acceptance. */
  readonly queueMs: number;
  /** Null unless {@link ReqInput.explainsMiss}. */
  readonly miss: AdmittedMiss | null;
}

export interface AdmittedMiss extends CacheMiss {
  readonly pageSizeTokens: number;
}

export interface ReqVector {
  readonly num: number;
  /** `[dim]` */
  readonly values: Float32Array;
  /** {@link AttachDevice.weightsEpoch} of the device that computed it. */
  readonly weightsEpoch: number;
}

export interface ReqLogprobRow extends LogprobRow {
  readonly num: number;
  readonly position: number;
  readonly part: 'prompt' | 'output';
}

export interface ReqHiddenRows extends HiddenRows {
  readonly num: number;
}

export interface Finished {
  readonly num: number;
  readonly reason: FinishReason;
  readonly stats: ReqStats;
}

export interface ReqStats {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Prompt tokens that came from the prefix cache at first admission; a multiple of the page size. */
  readonly cachedTokens: number;
  readonly numRetractions: number;
  /** Rank of the device, or null if it never ran. */
  readonly dpRank: number | null;
  /** Milliseconds between acceptance and first admission. */
  readonly queueMs: number;
  /** Null unless it speculated. */
  readonly drafts: DraftStats | null;
}

/** How speculation went. Each pass made one token, and one more for each correct draft. */
export interface DraftStats {
  /** Verifications, and decode rows of requests that speculate. */
  readonly numPasses: number;
  readonly numDrafts: number;
  readonly numCorrect: number;
  /** `histogram[n]` = passes with n correct drafts. */
  readonly histogram: readonly number[];
}

export interface CacheFlushed {
  readonly kind: 'cacheFlushed';
  readonly id: number;
  readonly failure: string | null;
}

export interface ExpertsRecorded {
  readonly kind: 'expertsRecorded';
  readonly id: number;
  /** Null but for a dump. */
  readonly dump: ExpertDump | null;
}

/** A {@link FlushCache}, {@link ReadState} or {@link RecordExperts} that the cache actor refused. */
export interface QuestionFailed {
  readonly kind: 'questionFailed';
  readonly question: CacheQuestion;
  readonly message: string;
}

export interface StateRead {
  readonly kind: 'stateRead';
  readonly id: number;
  readonly devices: readonly DeviceState[];
  readonly numQueued: number;
}

/** One device as the scheduler and the cache actor see it at one moment. */
export interface DeviceState {
  /** Its generation is {@link NO_GENERATION} while the rank has no device. */
  readonly device: DeviceId;
  readonly numRunning: number;
  readonly numUsedTokens: number;
  readonly lastGenThroughput: number;
  readonly kvPool: KvPool;
  /** Null where no states are kept for prefixes. */
  readonly statePool: StatePool | null;
  readonly load: DeviceLoad;
}

/** How much work a device has and has had, in requests and tokens. */
export interface DeviceLoad {
  /** Waiting requests meant for it; those not routed yet count at the first device. */
  readonly numWaiting: number;
  readonly numWaitingTokens: number;
  /** Of these, what no known cached prefix covers. */
  readonly numWaitingUncachedTokens: number;
  /** Waiting requests that ran before and lost their slot. */
  readonly numRetracted: number;
  readonly maxRunning: number;
  /** LoRA adapters of running requests. */
  readonly numAdapters: number;
  /** Prompt and output tokens of running requests. */
  readonly sumSeqLens: number;
  readonly newTokenRatio: number;
  /** Part of the prompt tokens of the last prefill that came from the cache, in [0, 1]. */
  readonly cacheHitRate: number;
  readonly totals: LoadTotals;
  /** Since the device started; null = nothing speculates here. */
  readonly drafts: DraftStats | null;
}

/** Since the device started; they only grow. */
export interface LoadTotals {
  readonly prefillTokens: number;
  readonly cachedTokens: number;
  readonly decodeTokens: number;
  readonly retractions: number;
  readonly retractedInputTokens: number;
  readonly retractedOutputTokens: number;
}

/** `free + cached + held = total`, in tokens, always. */
export interface KvPool {
  readonly totalTokens: number;
  readonly freeTokens: number;
  readonly cachedTokens: number;
  readonly heldTokens: number;
}

/** Places for recurrent states: `free + cached + held = total`, always. */
export interface StatePool {
  readonly total: number;
  readonly free: number;
  readonly cached: number;
  readonly held: number;
}

/** All that the scheduler has, up to a bound of each kind: the oldest that run, and the next ones of the queue. */
export interface RequestsRead {
  readonly kind: 'requestsRead';
  readonly id: number;
  /** Also those that are left out. */
  readonly numWaiting: number;
  readonly numRunning: number;
  readonly waiting: readonly WaitingRequest[];
  readonly running: readonly RunningRequest[];
}

export interface WaitingRequest {
  readonly num: number;
  /** Null = not routed yet. */
  readonly tree: TreeKey | null;
  readonly numRetractions: number;
}

export interface RunningRequest {
  readonly num: number;
  readonly tree: TreeKey;
  readonly phase: 'prefill' | 'decode' | 'ending';
  /** Prompt tokens that it has in its slot, or that a step under way computes. */
  readonly numPrefilled: number;
  /** At its first admission. */
  readonly cachedTokens: number;
  readonly numRetractions: number;
}

export interface Drained {
  readonly kind: 'drained';
}

export interface StepTimed {
  readonly device: DeviceId;
  readonly step: number;
  readonly numPrefillTokens: number;
  readonly numDecodeRows: number;
  /** Prompt tokens that came from the cache. */
  readonly numCachedTokens: number;
  /** Whose prompts, in the order of their rows. */
  readonly prefills: readonly { readonly rid: string; readonly numTokens: number }[];
  readonly timing: StepTiming;
}

/** A line for the log: workers own no stdout. */
export interface SchedulerLog {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly message: string;
}

// ---- scheduler ⇄ cache actor ------------------------------------------------------------------

/** All operations of one scheduler turn, applied in order; one {@link CacheReplies} comes back if any needs it. */
export interface ToCache {
  readonly kind: 'ops';
  readonly ops: readonly CacheOp[];
}

export interface CacheReplies {
  readonly kind: 'replies';
  readonly replies: readonly CacheReply[];
}

/** One radix tree per device generation: {@link treeKey}. */
export type TreeKey = string;

export function treeKey(device: DeviceId): TreeKey {
  return `${device.rank}:${device.generation}`;
}

export type CacheOp =
  | OpenTree
  | CloseTree
  | ProbePrefix
  | MatchPrefix
  | InsertPrefix
  | Unlock
  | LeasePages
  | ReturnPages
  | LeaseStates
  | ReturnStates
  | FlushTrees
  | ReadTrees
  | RecordPass
  | ControlExperts;

export interface OpenTree {
  readonly op: 'open';
  readonly tree: TreeKey;
  readonly numPages: number;
  readonly pageSizeTokens: number;
  /** True = never share: match finds nothing and insert only frees (`--disable-radix-cache`). */
  readonly disabled: boolean;
  /** {@link AttachDevice.weightsEpoch} of the device. */
  readonly weightsEpoch: number;
  /** Places for recurrent states; absent = the model keeps none, and rows alone are enough to go on from. */
  readonly numStatePlaces?: number;
}

export interface CloseTree {
  readonly op: 'close';
  readonly tree: TreeKey;
}

/** How long a prefix each tree holds: for routing. Locks and touches nothing. Answered by {@link Probed}. */
export interface ProbePrefix {
  readonly op: 'probe';
  readonly num: number;
  readonly namespace: string;
  readonly tokens: Int32Array;
}

/**
 * Longest cached prefix of `tokens[0, maxTokens)` in whole pages, locked until the lock is passed to
 * {@link Unlock} or {@link InsertPrefix}. Where states are kept it ends at one. Answered by {@link Matched}.
 */
export interface MatchPrefix {
  readonly op: 'match';
  readonly num: number;
  readonly tree: TreeKey;
  readonly namespace: string;
  readonly tokens: Int32Array;
  readonly maxTokens: number;
  /**
   * Rows `[0, prefillTokens)` must be prefill-made when `strict`; rows from `prefillTokens` on must
   * always be decode-made (they are a resumed request's own outputs). The match stops at the first page
   * that does not fit.
   */
  readonly prefillTokens: number;
  readonly strict: boolean;
  /** {@link ReqInput.tenant} */
  readonly tenant: string;
  /** Whether {@link Matched.miss} is wanted; `tokens` is the whole prompt then. */
  readonly explains: boolean;
}

/**
 * Gives `pages` (whole pages of `tokens`, from row 0) to the tree. Where the tree already has a page for
 * the same tokens, the caller's copy goes to the free list, except that prefill-made rows replace
 * decode-made ones. The pages `[0, ownFrom)` were the tree's own already. The old lock is dropped; with
 * `relock` the inserted path is locked again and {@link Inserted} comes back.
 */
export interface InsertPrefix {
  readonly op: 'insert';
  readonly num: number;
  readonly tree: TreeKey;
  readonly namespace: string;
  readonly tokens: Int32Array;
  readonly pages: Int32Array;
  /** In pages: pages before this one came from a match or an earlier insert. */
  readonly ownFrom: number;
  /** {@link ReqInput.tenant} */
  readonly tenant: string;
  /** Rows `[0, prefillTokens)` were computed by prefill, the others by decoding. */
  readonly prefillTokens: number;
  /** 0 = none. */
  readonly lock: number;
  readonly relock: boolean;
  /** States behind some of these pages, by length: the tree keeps those that it has not, and frees the others' places. */
  readonly states?: readonly KeptState[];
}

/** A recurrent state on a place of the device. */
export interface KeptState {
  /** It is behind so many tokens; whole pages. */
  readonly numTokens: number;
  readonly place: number;
}

export interface Unlock {
  readonly op: 'unlock';
  readonly tree: TreeKey;
  readonly lock: number;
}

/** Takes up to `numPages` out of the free list, evicting if it must. Answered by {@link Leased}. */
export interface LeasePages {
  readonly op: 'lease';
  readonly tree: TreeKey;
  readonly numPages: number;
}

export interface ReturnPages {
  readonly op: 'return';
  readonly tree: TreeKey;
  readonly pages: Int32Array;
}

/** Takes up to `numPlaces` places for states, letting go of kept ones if it must. Answered by {@link LeasedStates}. */
export interface LeaseStates {
  readonly op: 'leaseStates';
  readonly tree: TreeKey;
  readonly numPlaces: number;
}

export interface ReturnStates {
  readonly op: 'returnStates';
  readonly tree: TreeKey;
  readonly places: Int32Array;
}

/** Empties all trees and bumps the epoch. Locked nodes keep their pages until unlocked but match nothing. */
export interface FlushTrees {
  readonly op: 'flush';
  readonly id: number;
}

/** Answered by {@link TreesRead}. */
export interface ReadTrees {
  readonly op: 'read';
  readonly id: number;
}

/** The experts of one step's rows that count. */
export interface RecordPass {
  readonly op: 'pass';
  readonly rank: number;
  /** Plan rows below this are prompts. */
  readonly numPrefillRows: number;
  readonly routing: RoutedRows;
}

/** Answered by {@link ExpertsControlled}. */
export interface ControlExperts {
  readonly op: 'experts';
  readonly id: number;
  readonly action: ExpertAction;
}

export type CacheReply =
  | Probed
  | Matched
  | Inserted
  | Leased
  | LeasedStates
  | Flushed
  | TreesRead
  | ExpertsControlled
  | CacheFault;

export interface Probed {
  readonly op: 'probed';
  readonly num: number;
  readonly matches: readonly { readonly tree: TreeKey; readonly numTokens: number }[];
}

export interface Matched {
  readonly op: 'matched';
  readonly num: number;
  readonly tree: TreeKey;
  readonly numTokens: number;
  readonly pages: Int32Array;
  /** 0 when nothing matched. */
  readonly lock: number;
  /** Why no more was found, as far as the trees know; null = not asked for, or the request could not take more. */
  readonly miss: CacheMiss | null;
  /** Absent where rows alone are enough to go on from. */
  readonly state?: MatchedState;
}

export interface MatchedState {
  /** Where the state behind the match is, held by its lock; -1 when nothing matched. */
  readonly place: number;
  /** Whole pages that the tree has rows of, a state behind them or not: `numTokens` or more. */
  readonly numRowTokens: number;
}

export interface Inserted {
  readonly op: 'inserted';
  readonly num: number;
  readonly tree: TreeKey;
  /** The tree's pages for the same rows: the caller's own, or the ones that were there before. */
  readonly pages: Int32Array;
  /** 0 with a disabled tree: then `pages` is empty and the caller keeps its own. */
  readonly lock: number;
}

export interface Leased {
  readonly op: 'leased';
  readonly tree: TreeKey;
  /** May be shorter than asked; empty = nothing can be evicted now. */
  readonly pages: Int32Array;
  readonly asked: number;
}

export interface LeasedStates {
  readonly op: 'leasedStates';
  readonly tree: TreeKey;
  /** May be shorter than asked. */
  readonly places: Int32Array;
  readonly asked: number;
}

export interface Flushed {
  readonly op: 'flushed';
  readonly id: number;
}

export interface TreesRead {
  readonly op: 'read';
  readonly id: number;
  readonly trees: readonly TreeState[];
}

export interface ExpertsControlled {
  readonly op: 'experts';
  readonly id: number;
  /** Null but for a dump. */
  readonly dump: ExpertDump | null;
}

/** `free + evictable + locked + leased = total`, in pages. */
export interface TreeState {
  readonly tree: TreeKey;
  readonly totalPages: number;
  readonly freePages: number;
  readonly evictablePages: number;
  readonly lockedPages: number;
  readonly leasedPages: number;
  readonly numNodes: number;
  readonly epoch: number;
  /** Absent where none are kept. */
  readonly states?: StateCounts;
}

/** Places of recurrent states: `free + kept + leased = total`. */
export interface StateCounts {
  readonly total: number;
  readonly free: number;
  /** The tree's. */
  readonly kept: number;
  readonly leased: number;
}

/** An operation broke an invariant: the request that asked degrades, the process does not. */
export interface CacheFault {
  readonly op: 'fault';
  readonly num: number | null;
  readonly tree: TreeKey | null;
  readonly message: string;
  /** Of a refused {@link InsertPrefix}; null = it was another operation. */
  readonly insert: RefusedInsert | null;
  /** What main waits to hear of; null = it was another operation. */
  readonly question: CacheQuestion | null;
}

/** A {@link FlushTrees}, {@link ReadTrees} or {@link ControlExperts}, with the id of who asked main's way. */
export interface CacheQuestion {
  readonly op: 'flush' | 'read' | 'experts';
  readonly id: number;
}

/** What a refused insert brought and the tree did not take: still the sender's. */
export interface RefusedInsert {
  readonly relock: boolean;
  /** Pages that are still leased. */
  readonly pages: Int32Array;
  /** 0 = none, or it is gone. */
  readonly lock: number;
  /** Places of states that are still leased. */
  readonly states: Int32Array;
}

// ---- main → cache actor (Comlink: reads, which change no tree) --------------------------------

export interface CacheControl {
  snapshot(): readonly TreeState[];
  /** The trees cut to what each wish sees. From the first look to {@link stopLooking} hits and evictions are counted. */
  look(wishes: readonly TreesWish[]): TreesSeen;
  stopLooking(): void;
  /** By device, where a prompt leaves its tree. */
  explain(question: PromptQuestion): readonly PrefixLeaving[];
  /** Null = no expert statistics are kept. */
  expertCounts(): ExpertTally | null;
}

// ---- scheduler ⇄ device -----------------------------------------------------------------------

export type ToDevice = RunStep | RunEmbed | CancelSlot | Retire | InjectFault;

export interface RunStep {
  readonly kind: 'step';
  readonly plan: StepPlan;
}

export interface RunEmbed {
  readonly kind: 'embed';
  readonly plan: EmbedPlan;
}

/** The request of this slot is gone: rows of it that have not run yet need not. Its free still comes in a plan. */
export interface CancelSlot {
  readonly kind: 'cancel';
  readonly slot: number;
}

/** Finish what is queued, release the session, end the thread from inside. */
export interface Retire {
  readonly kind: 'retire';
}

/** `/debug/fail_device` behind `--enable-fault-injection`. */
export interface InjectFault {
  readonly kind: 'fault';
  readonly how: 'exit' | 'throw' | 'heap_oom' | 'hang';
}

export type FromDevice = StepDone | EmbedDone;

export interface StepDone {
  readonly kind: 'stepDone';
  readonly result: StepResult;
}

export interface EmbedDone {
  readonly kind: 'embedDone';
  readonly result: EmbedResult;
}

// ---- main ⇄ device (control port) -------------------------------------------------------------

export type MainToDevice =
  Retire | InjectFault | ReleaseKv | ConnectGrammars | LoadAdapter | UnloadAdapter;

export type DeviceToMain = DeviceReady | DeviceRetired | KvReleased;

/** Slots and pages hold nothing that anybody needs: their memory goes back. Answered by {@link KvReleased}. */
export interface ReleaseKv {
  readonly kind: 'releaseKv';
}

export interface KvReleased {
  readonly kind: 'kvReleased';
}

export interface DeviceReady {
  readonly kind: 'ready';
  readonly device: DeviceId;
  readonly limits: DeviceLimits;
  /** What its probe has found. */
  readonly facts: DeviceFacts;
}

export interface DeviceRetired {
  readonly kind: 'retired';
  readonly device: DeviceId;
}

/** It comes before every step that opens a slot with it. */
export interface LoadAdapter {
  readonly kind: 'loadAdapter';
  readonly adapter: LoraId;
  readonly weights: LoraWeights;
}

/** No request has it any more. */
export interface UnloadAdapter {
  readonly kind: 'unloadAdapter';
  readonly adapter: LoraId;
}

/** Where the device finds masks from now on: a grammar thread has started, the first or another one. */
export interface ConnectGrammars {
  readonly kind: 'connectGrammars';
  /** Transferred. Carries {@link ToMatchers}. */
  readonly port: MessagePort;
  /** Shared: a MaskBoard of the device's slots. */
  readonly board: SharedArrayBuffer;
}

// ---- main ⇄ grammar thread --------------------------------------------------------------------

export type ToGrammars = PrepareGrammar | ConnectMatchers;

/** Compiles a grammar ahead of its request. Answered by {@link GrammarPrepared}. */
export interface PrepareGrammar {
  readonly kind: 'prepare';
  readonly id: number;
  readonly spec: GrammarSpec;
}

export interface GrammarPrepared {
  readonly kind: 'prepared';
  readonly id: number;
  /** What is wrong with it; null = it is compiled. */
  readonly failure: string | null;
}

/** A device's slots. They are forgotten when its port closes. */
export interface ConnectMatchers {
  readonly kind: 'connect';
  readonly numSlots: number;
  /** Transferred. Carries {@link ToMatchers}. */
  readonly port: MessagePort;
  /** Shared: a MaskBoard. */
  readonly board: SharedArrayBuffer;
}

// ---- device → grammar thread ------------------------------------------------------------------

/** Answered by masks on the board: each ticket once, unless a later one of the slot comes before. */
export type ToMatchers = OpenMatcher | AcceptTokens | CloseMatcher;

/** A request is in the slot now; its earlier one is gone. */
export interface OpenMatcher {
  readonly kind: 'open';
  readonly slot: number;
  readonly ticket: number;
  readonly grammar: Grammar;
  /** Tokens that it has put out already. */
  readonly outputs: readonly number[];
  /** What may follow the end of the grammar; none = the model's own. */
  readonly stopTokenIds: readonly number[];
}

export interface AcceptTokens {
  readonly kind: 'accept';
  /** `[slot, ticket, token]` triples: tokens that were sampled, and which mask follows them. */
  readonly tokens: Int32Array;
}

export interface CloseMatcher {
  readonly kind: 'close';
  readonly slot: number;
}
