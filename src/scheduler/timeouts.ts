import { failureReason, type FinishReason } from '../core/finish-reason.js';
import { abortEmbed } from './embed.js';
import { abort } from './ending.js';
import type { SchedulerState } from './state.js';

/** What a time-out is counted from. */
interface Timed {
  readonly acceptedAtMs: number;
  readonly firstRun: { readonly queueMs: number } | null;
}

/**
 * Ends requests that waited too long for their first step, or that took too long since: SGLang's
 * `SGLANG_REQ_WAITING_TIMEOUT` and `SGLANG_REQ_RUNNING_TIMEOUT`.
 */
export function expire(state: SchedulerState): void {
  for (const req of [...state.live.values()]) {
    const reason = expiryOf(state, req);
    if (reason !== null) abort(state, req, reason);
  }
  for (const text of [...state.embeds.live.values()]) {
    const reason = expiryOf(state, text);
    if (reason !== null) abortEmbed(state, text, reason);
  }
}

function expiryOf(
  { config, clock }: SchedulerState,
  { acceptedAtMs, firstRun }: Timed,
): FinishReason | null {
  const startedMs = acceptedAtMs + (firstRun?.queueMs ?? 0);
  const limitMs = firstRun === null ? config.waitingTimeoutMs : config.runningTimeoutMs;
  if (limitMs === null || clock.nowMs() - startedMs < limitMs) return null;
  const message = `Request ${firstRun === null ? 'waiting' : 'running'} timeout reached.`;
  return failureReason('TIMED_OUT', message);
}
