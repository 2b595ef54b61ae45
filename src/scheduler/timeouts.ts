import { abort, failureReason } from './ending.js';
import type { SchedulerState } from './state.js';

/**
 * Ends requests that waited too long for their first slot, or that took too long since: SGLang's
 * `SGLANG_REQ_WAITING_TIMEOUT` and `SGLANG_REQ_RUNNING_TIMEOUT`.
 */
export function expire(state: SchedulerState): void {
  const { waitingTimeoutMs, runningTimeoutMs } = state.config;
  const nowMs = state.clock.nowMs();
  for (const req of [...state.live.values()]) {
    const { firstRun } = req;
    const startedMs = req.acceptedAtMs + (firstRun?.queueMs ?? 0);
    const limitMs = firstRun === null ? waitingTimeoutMs : runningTimeoutMs;
    if (limitMs === null || nowMs - startedMs < limitMs) continue;
    const message = `Request ${firstRun === null ? 'waiting' : 'running'} timeout reached.`;
    abort(state, req, failureReason('TIMED_OUT', message));
  }
}
