import type { FinishReason } from '../core/finish-reason.js';
import type { SamplingParams } from '../core/sampling-params.js';
import type { ReqStats } from '../messages.js';

/** What the engine tells observers. They only look: nothing depends on whether anybody listens. */
export interface EngineEvents {
  /** The scheduler accepted the request. */
  accepted: [request: ObservedRequest];
  /** It has more of its answer than before: output tokens, or its vector. */
  progressed: [request: ObservedRequest, nowMs: number];
  /** It has its ending. */
  finished: [request: ObservedRequest];
}

/** A request as observers see it: always its present state. */
export interface ObservedRequest {
  readonly rid: string;
  readonly inputIds: Int32Array;
  /** Known from admission on. */
  readonly cachedTokens: number;
  /** None for an embedding model. */
  readonly outputIds: readonly number[];
  /** Absent for an embedding model. */
  readonly sampling?: SamplingParams;
  readonly text?: string | null;
  /** The answer of an embedding model. */
  readonly vector?: Float32Array | null;
  readonly createdMs: number;
  /** When the first token of its answer came; absent for an embedding model. */
  readonly firstTokenMs?: number | null;
  readonly finishedMs: number | null;
  readonly finish: FinishReason | null;
  readonly stats: ReqStats | null;
  readonly input: Unobserved;
}

/** Which observers look away. */
export interface Unobserved {
  /** `log_metrics: false`, and probes of the server's own health. */
  readonly isUnmetered?: boolean;
  /** `no_logs: true` */
  readonly isUnlogged?: boolean;
}
