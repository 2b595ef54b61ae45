import type { Speculation } from './speculation.js';

/** Order in which waiting requests are looked at: SGLang's `--schedule-policy` values that Radish has. */
export type SchedulePolicy = (typeof SCHEDULE_POLICIES)[number];

export const SCHEDULE_POLICIES = ['fcfs', 'lpm', 'dfs-weight', 'lof', 'random'] as const;

/** What the scheduler needs of the server's flags, resolved. A plain value: it crosses threads by copy. */
export interface SchedulerConfig {
  readonly policy: SchedulePolicy;
  /** Seed of the policy `random`. */
  readonly policySeed: number;
  /** Null = priorities mean nothing. */
  readonly priority: PriorityConfig | null;
  /** Longest wait for the first slot; null = forever. */
  readonly waitingTimeoutMs: number | null;
  /** Longest time from the first slot to the ending; null = forever. */
  readonly runningTimeoutMs: number | null;
  /** Most prompt tokens of one step over all requests; -1 = no limit of this kind. */
  readonly chunkedPrefillSize: number;
  /** Most prompt tokens of one step, also without chunking. */
  readonly maxPrefillTokens: number;
  /** Most prompt tokens of a step that also decodes: bounds the time between two tokens of a stream. */
  readonly maxPrefillRowsWhileDecoding: number;
  /** Most running requests per device. A device may have fewer slots. */
  readonly maxRunningRequests: number;
  /** Most LoRA adapters that running requests of a device may have between them. */
  readonly maxLorasPerBatch: number;
  /** Most waiting requests beyond those that a free slot waits for. */
  readonly maxQueuedRequests: number;
  /** A `Decode batch.` line every so many decode steps. */
  readonly decodeLogInterval: number;
  readonly disableRadixCache: boolean;
  /** Answers never depend on what the cache held: matches stop where decode-made rows begin. */
  readonly deterministic: boolean;
  /** How requests speculate; null = none does. Never with {@link deterministic}. */
  readonly speculation: Speculation | null;
  /** > 0; larger = more room kept for tokens to come, fewer retractions. */
  readonly scheduleConservativeness: number;
}

export interface PriorityConfig {
  /** True = smaller numbers go first. */
  readonly lowValuesFirst: boolean;
  /** A waiting request takes a running one's place when their gap is larger; null = never. */
  readonly preemptionThreshold: number | null;
}

export const DEFAULT_SCHEDULER_CONFIG: SchedulerConfig = {
  policy: 'fcfs',
  policySeed: 0,
  priority: null,
  waitingTimeoutMs: null,
  runningTimeoutMs: null,
  chunkedPrefillSize: 512,
  maxPrefillTokens: 16384,
  maxPrefillRowsWhileDecoding: 256,
  maxRunningRequests: 64,
  maxLorasPerBatch: 8,
  maxQueuedRequests: 4096,
  decodeLogInterval: 40,
  disableRadixCache: false,
  deterministic: false,
  speculation: null,
  scheduleConservativeness: 1,
};
