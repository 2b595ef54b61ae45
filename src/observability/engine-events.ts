import type { FinishReason } from '../core/finish-reason.js';
import type { SamplingParams } from '../core/sampling-params.js';
import type { ReqStats } from '../messages.js';

/** What the engine tells observers. They only look: nothing depends on whether anybody listens. */
export interface EngineEvents {
  /** The scheduler accepted the request. */
  accepted: [request: ObservedRequest];
  /** It has more output tokens than before. */
  progressed: [request: ObservedRequest, nowMs: number];
  /** It has its ending. */
  finished: [request: ObservedRequest];
}

/** A request as observers see it: always its present state. */
export interface ObservedRequest {
  readonly rid: string;
  readonly promptTokens: number;
  /** Known from admission on. */
  readonly cachedTokens: number;
  readonly outputIds: readonly number[];
  readonly text: string | null;
  readonly createdMs: number;
  readonly finishedMs: number | null;
  readonly finish: FinishReason | null;
  readonly stats: ReqStats | null;
  readonly input: {
    readonly req: { readonly inputIds: Int32Array; readonly sampling: SamplingParams };
    /** `log_metrics: false`, and probes of the server's own health. */
    readonly isUnmetered?: boolean;
    /** `no_logs: true` */
    readonly isUnlogged?: boolean;
  };
}
