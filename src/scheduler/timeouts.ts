import type { Clock } from '../core/clock.js';
import { failureReason, type FinishReason } from '../core/finish-reason.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import type { LiveReq } from './live-reqs.js';

/**
 * Requests that waited too long for their first step, or that took too long since, and how they end:
 * SGLang's `SGLANG_REQ_WAITING_TIMEOUT` and `SGLANG_REQ_RUNNING_TIMEOUT`.
 */
export function expired<R extends LiveReq>(
  { config, clock }: { readonly config: SchedulerConfig; readonly clock: Clock },
  live: Iterable<R>,
): (readonly [R, FinishReason])[] {
  const nowMs = clock.nowMs();
  const found: (readonly [R, FinishReason])[] = [];
  for (const req of live) {
    const { acceptedAtMs, started } = req;
    const sinceMs = acceptedAtMs + (started?.queueMs ?? 0);
    const limitMs = started === null ? config.waitingTimeoutMs : config.runningTimeoutMs;
    if (limitMs === null || nowMs - sinceMs < limitMs) continue;
    const message = `Request ${started === null ? 'waiting' : 'running'} timeout reached.`;
    found.push([req, failureReason('TIMED_OUT', message)]);
  }
  return found;
}
