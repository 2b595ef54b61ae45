/**
 * What `watch` and `explain` of `/ws` say (docs/websocket.md). Types alone, for browsers too.
 *
 * A field without a value is left out, never null: in a {@link MergePatch} null removes. Nothing changes by time
 * passing alone: instead of an age there is the moment from which it counts, in epoch milliseconds (`…_at`).
 * What comes and goes stands in an object by its number, not in a list, so that a patch names only what has changed.
 */

/** What can be watched. */
export const WATCH_TOPICS = ['engine', 'requests', 'cache', 'experts'] as const;
export type WatchTopic = (typeof WATCH_TOPICS)[number];

/** Body of `{op: "watch", id, body}`. Under the id of a live watch it replaces what that one watches. */
export interface WatchBody {
  /** At least one. */
  readonly topics: readonly WatchTopic[];
  readonly cache?: CacheWish;
  /** Told no more often than this, 250 to 60000 milliseconds; 250 where it is left out. */
  readonly every_ms?: number;
}

/** Which part of the trees is shown. */
export interface CacheWish {
  /** Id of the node whose subtree is shown, below the path that leads to it; left out = all trees from their tops. */
  readonly focus?: number;
  /** Most nodes that are shown, 16 to 4096; 1024 where it is left out. */
  readonly max_nodes?: number;
}

/**
 * `data` of each `delta` of a watch. The first one is a snapshot, and so is the first one after another `watch` under
 * the same id. A reader that is slow gets fewer of them: each difference leads from what was sent before it to the
 * newest state. `cancel` ends a watch; its `done` has `data: null`.
 */
export type WatchUpdate = WatchSnapshot | WatchDifference;

export interface WatchSnapshot {
  readonly kind: 'snapshot';
  /** Number of the update in its watch: 0, 1, 2, … without gaps. */
  readonly seq: number;
  readonly state: WatchState;
}

export interface WatchDifference {
  readonly kind: 'difference';
  readonly seq: number;
  /** JSON merge patch (RFC 7396): the state before it, patched, is the state now. */
  readonly patch: MergePatch;
}

/** Objects are merged key by key, null removes a key, and anything else (lists too) takes the place of what was there. */
export interface MergePatch {
  readonly [key: string]: MergeValue;
}

export type MergeValue = string | number | boolean | null | readonly unknown[] | MergePatch;

/** All that is watched. Topics that were not asked for are left out. */
export interface WatchState {
  /** When it was read. */
  readonly at: number;
  readonly rights: WatchRights;
  readonly engine?: EngineState;
  readonly requests?: RequestsState;
  readonly cache?: CacheState;
  readonly experts?: ExpertsState;
}

/** What the keys of this socket are good for. A further `auth` adds to it. */
export interface WatchRights {
  /** Texts of prompts, and sentences of failures, are shown; without it lengths and codes alone. */
  readonly text: boolean;
  /** What changes the server for everybody: `/start_expert_distribution_record` and the like take this key. */
  readonly admin: boolean;
}

// ---- engine -----------------------------------------------------------------------------------

export interface EngineState {
  readonly server: ServerFacts;
  /** `paused`: by `/pause_generation` or released memory; `draining`: it ends when the last request has. */
  readonly state: 'serving' | 'paused' | 'draining';
  /** Requests of all devices that wait for a slot. */
  readonly queued: number;
  /** Requests that wait for the end of a pause, before any queue. */
  readonly held: number;
  /** By {@link DeviceName}. While a device is replaced both generations of its rank are there. */
  readonly devices: Readonly<Record<DeviceName, DeviceState>>;
  readonly latency: LatencyState;
  readonly failures: FailuresState;
  /** By sample, one a second, the last 120 since somebody watches; all devices together. */
  readonly rates: Readonly<Record<string, RateSample>>;
}

/** `rank:generation`, e.g. `0:3`; of a rank without a device its number alone. */
export type DeviceName = string;

export interface ServerFacts {
  readonly version: string;
  readonly model: string;
  /** e.g. `LlamaForCausalLM` */
  readonly architecture: string;
  readonly is_embedding: boolean;
  /** Number format of the weights: `none`, `w8a8_int8`, `int8`, `int4`. */
  readonly quantization: string;
  /** Element type of K and V: `f32`, `f16`, `bf16`, `i8`. */
  readonly kv_dtype: string;
  readonly weight_version: string;
  /** How often the weights have been replaced since the start. */
  readonly weight_updates: number;
  readonly limits: {
    readonly context_length: number;
    /** Of one device, in tokens. */
    readonly max_total_tokens: number;
    readonly max_running_requests: number;
    readonly max_queued_requests: number;
    readonly page_size: number;
    readonly devices: number;
  };
}

export interface DeviceState {
  readonly rank: number;
  /** Left out while the rank has no device. */
  readonly generation?: number;
  /** `retiring`: a newer generation has taken over; `absent`: it died, and the next one is not there yet. */
  readonly state: 'serving' | 'retiring' | 'absent';
  readonly running: number;
  readonly max_running: number;
  /** Waiting requests meant for it; those that are not routed yet count at the first device. */
  readonly waiting: number;
  /** Waiting requests that ran before and lost their slot. */
  readonly retracted: number;
  /** KV pages: free + cached + held = total. Cached ones may be evicted; held ones are in use. */
  readonly pages: {
    readonly total: number;
    readonly free: number;
    readonly cached: number;
    readonly held: number;
  };
  /** Tokens since this generation began. */
  readonly totals: {
    /** Prompt tokens computed. */
    readonly prompt: number;
    /** Prompt tokens from the cache. */
    readonly cached: number;
    readonly output: number;
    /** Requests sent back to the queue when pages ran out. */
    readonly retractions: number;
  };
  /** Left out where nothing speculates. */
  readonly speculation?: { readonly accept_length: number; readonly accept_rate: number };
  /** Its lane: the last 256 bars, by number, since somebody watches. */
  readonly steps: Readonly<Record<string, StepBar>>;
}

/**
 * A part of a step, as the device's own clock has it. Of a step they come in this order, one behind the other: load
 * (cached pages into slots), prefill (prompts), decode, store (pages for the tree). Those without rows that took less
 * than 0.1 ms are left out.
 */
export interface StepBar {
  /** Number of the step on its device. Steps that ran together have the bars of the first of them. */
  readonly step: number;
  readonly kind: 'load' | 'prefill' | 'decode' | 'store';
  /** Epoch milliseconds, with fractions. */
  readonly start: number;
  /** Milliseconds that it took. */
  readonly ms: number;
  /** Prompt tokens of `prefill`, requests of `decode`, cached tokens of `load`; left out of `store`. */
  readonly rows?: number;
  /** Of `prefill`: whose prompts, at most 32 of them. */
  readonly requests?: readonly { readonly rid: string; readonly rows: number }[];
}

export interface RateSample {
  readonly at: number;
  /** Tokens a second: prompts computed, prompts from the cache, outputs. */
  readonly prompt: number;
  readonly cached: number;
  readonly output: number;
}

/** Of the requests of the last 60 seconds since somebody watches; left out while there was none. */
export interface LatencyState {
  readonly window_s: number;
  readonly ttft_ms?: Percentiles;
  readonly inter_token_ms?: Percentiles;
  readonly total_ms?: Percentiles;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface FailuresState {
  /** Since the start of the server: refused with a 4xx or a close code, and failed with a 5xx. */
  readonly refused: number;
  readonly failed: number;
  /** The last 32, by number. */
  readonly newest: Readonly<Record<string, FailureNote>>;
}

export interface FailureNote {
  readonly at: number;
  /** Of HTTP, or the close code of a WebSocket. */
  readonly status?: number;
  readonly path?: string;
  readonly rid?: string;
  /** Left out without the right to texts: it may quote the request. */
  readonly sentence?: string;
}

// ---- requests ---------------------------------------------------------------------------------

export interface RequestsState {
  /** All of them, also those left out below. */
  readonly waiting: number;
  readonly running: number;
  /** By number, which grows with each request: at most 256 running ones and the 256 next ones of the queue. */
  readonly live: Readonly<Record<string, LiveRequest>>;
  /** By number of ending, the last 64 since somebody watches. */
  readonly finished: Readonly<Record<string, FinishedRequest>>;
}

export interface LiveRequest {
  /** `{op: "cancel"}` on its own socket or `/abort_request` with this rid ends it. */
  readonly rid: string;
  /** `retracted` waits again after pages ran out; `ending` has all its tokens, and its pages go back. */
  readonly state: 'waiting' | 'retracted' | 'prefill' | 'decode' | 'ending';
  readonly accepted_at: number;
  readonly prompt_tokens: number;
  /** Prompt tokens that came from the cache at first admission; left out before it. */
  readonly cached_tokens?: number;
  /** Prompt tokens that are computed or in a step under way, cached ones too; left out while it waits. */
  readonly prefilled_tokens?: number;
  readonly output_tokens: number;
  /** Left out of a text of an embedding model. */
  readonly max_new_tokens?: number;
  /** Where it runs, or what it waits for; left out before it is routed. */
  readonly device?: DeviceName;
  readonly retractions?: number;
}

export interface FinishedRequest {
  readonly rid: string;
  /** `abort`: its client left or it was ended by hand; `error`: something failed. */
  readonly reason: 'stop' | 'length' | 'abort' | 'error';
  /** Why it failed or was ended; left out without the right to texts, and of the others. */
  readonly message?: string;
  readonly accepted_at: number;
  readonly finished_at: number;
  /** Waited for its first slot. */
  readonly queue_ms?: number;
  readonly ttft_ms?: number;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly output_tokens: number;
  readonly rank?: number;
}

// ---- cache ------------------------------------------------------------------------------------

export interface CacheState {
  /** False with `--disable-radix-cache`. */
  readonly enabled: boolean;
  readonly page_size: number;
  /** The node that is in focus; left out when there is none, or it has gone. */
  readonly focus?: number;
  /** By {@link DeviceName}. */
  readonly trees: Readonly<Record<DeviceName, TreeView>>;
  /** Hit rate over time: by sample, one a second with prompts in it, the last 120 since somebody watches. */
  readonly hits: Readonly<Record<string, HitSample>>;
  readonly evictions: {
    /** Since somebody watches. */
    readonly tokens: number;
    readonly nodes: number;
    /** The last 64, by number. */
    readonly newest: Readonly<Record<string, Eviction>>;
  };
}

export interface HitSample {
  readonly at: number;
  /** Prompt tokens of the requests that were let in, and those of them that were cached. */
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
}

/** The radix tree of one device: a forest with a top for each namespace. */
export interface TreeView {
  /** In all of it, seen or not. */
  readonly nodes: number;
  readonly tokens: number;
  /** Counts each match and insert: {@link CacheNode.used} of what was used last. */
  readonly clock: number;
  /** Grows with each flush. */
  readonly epoch: number;
  /** Whole namespaces that are too small to be seen. */
  readonly hidden?: HiddenNodes;
  /** By id. An id is never given twice; a node that is split keeps it for its end, and the new head gets another one. */
  readonly shown: Readonly<Record<string, CacheNode>>;
}

export interface CacheNode {
  /** Left out of a top, which has no tokens of its own. */
  readonly parent?: number;
  /** Of the edge that leads to it: a multiple of the page size. */
  readonly tokens: number;
  /** Its own and all below: its width in an icicle. */
  readonly width: number;
  /** Where its own tokens begin, counted from the top. */
  readonly depth: number;
  /** {@link TreeView.clock} at the last match or insert. */
  readonly used: number;
  /** When that was, as far as somebody watched then: no later than this. Left out = before anybody watched. */
  readonly used_at?: number;
  /** Matches that went to or through it since somebody watches; left out = none. */
  readonly hits?: number;
  /** Requests that hold it or what is below it; left out = none. */
  readonly locks?: number;
  /** True: some of its rows were made by decoding, an answer's; left out = all by prefill. */
  readonly decoded?: boolean;
  /** Of a top: 0 = shared by all, others are numbers of `extra_key` and `cache_salt`, which are never told. */
  readonly namespace?: number;
  /** Children that are too small to be seen. */
  readonly hidden?: HiddenNodes;
  /** The beginning of its own tokens as text, at most 160 characters; only with the right to texts. */
  readonly text?: string;
}

/** Nodes that are summed up. */
export interface HiddenNodes {
  /** With all below them. */
  readonly nodes: number;
  readonly tokens: number;
}

export interface Eviction {
  readonly at: number;
  readonly device: DeviceName;
  /** Id of the node, where it was shown. */
  readonly node?: number;
  readonly tokens: number;
  /** A leaf that kept its beginning. */
  readonly partly?: boolean;
  readonly decoded?: boolean;
}

// ---- experts ----------------------------------------------------------------------------------

export interface ExpertsState {
  /** `none`: a dense model; `off`: it was started without `--expert-distribution-recorder-mode`. */
  readonly available: 'yes' | 'off' | 'none';
  readonly recording: boolean;
  /** `--expert-distribution-recorder-mode` */
  readonly mode?: string;
  /** Experts that each token takes in a layer. */
  readonly top_k?: number;
  readonly num_experts?: number;
  /** By index of the layers that route: `[num_experts]`, tokens that took each since the start or the last dump. */
  readonly layers: Readonly<Record<string, readonly number[]>>;
}

// ---- explain ----------------------------------------------------------------------------------

/**
 * Body of `{op: "explain", id, body}`: a prompt, as `/generate` (`text`, `input_ids`) or `/v1/chat/completions`
 * (`messages` and what its template reads) takes it. Nothing is run. Its `done` has {@link Explained}.
 */
export interface ExplainBody {
  readonly text?: string;
  readonly input_ids?: readonly number[];
  readonly messages?: readonly object[];
  readonly extra_key?: string;
  readonly cache_salt?: string;
}

/** What `return_cache_info` would say of the prompt now, on the device that has most of it. */
export interface Explained {
  readonly device: DeviceName;
  readonly cached_tokens: number;
  readonly prompt_tokens: number;
  readonly page_size: number;
  /** As in `cache_info`: `never_seen`, `evicted`, `none`, … */
  readonly cause: string;
  readonly first_miss: ExplainedMiss | null;
  /** The same in a sentence. */
  readonly message: string;
  /** Nodes that the prompt goes through, from the top on; of the last one maybe only a part. Ids as in a {@link TreeView}. */
  readonly path: readonly number[];
}

export interface ExplainedMiss {
  /** In tokens of the prompt. */
  readonly position: number;
  readonly token_id: number;
  readonly text: string | null;
  /** What a cached prompt of the same key has there; null = there is none beside it. */
  readonly expected_token_id: number | null;
  readonly expected_text: string | null;
}
