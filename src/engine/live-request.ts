import type { FinishReason } from '../core/finish-reason.js';
import type { ReqStats } from '../messages.js';
import type { ObservedRequest } from '../observability/engine-events.js';
import type { Feed } from './feed.js';

/** A request between submission and its one ending, of either kind of model. Written by the engine alone. */
export interface LiveRequest extends ObservedRequest {
  /** The engine's handle. */
  readonly num: number;
  /** Published after every batch of news, with the request's state already up to date. */
  readonly updates: Feed;
  /** `stats` is null when it ends without the scheduler's word. */
  end(reason: FinishReason, stats: ReqStats | null, nowMs: number): void;
}
