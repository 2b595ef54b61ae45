/** Acceptance: a batch is taken whole or not at all, and main hears which before anything else. */
import type { Abort, Submit } from '../messages.js';
import type { Failure } from '../core/errors.js';
import { abortReason, type FinishReason } from '../core/finish-reason.js';
import { abort } from './ending.js';
import { evict, evictable } from './priority.js';
import { Req } from './req.js';
import { openLinks, type SchedulerState } from './state.js';

export function submit(state: SchedulerState, message: Submit, draining: boolean): void {
  const excess = numExcess(state, message.reqs.length);
  const lowest = excess > 0 ? leastImportantOf(state, message) : 0;
  const evicted = excess > 0 ? evictable(state, lowest, excess) : [];
  const failure = draining ? SHUTTING_DOWN : whyRefused(state, message, evicted.length < excess);
  state.outbox.main({ kind: 'submitted', batch: message.batch, failure });
  if (failure !== null) return;
  evict(state, evicted);
  for (const input of message.reqs) {
    const req = new Req(input, state.clock.nowMs());
    state.live.set(req.num, req);
    state.rids.set(input.rid, req);
    state.queue.push(req);
  }
}

export function rankIsDown(rank: number): Failure {
  return { code: 'NO_DEVICE', message: `Device rank ${rank} is down.` };
}

export const SHUTTING_DOWN: Failure = {
  code: 'SHUTTING_DOWN',
  message: 'The server is shutting down.',
};

function whyRefused(state: SchedulerState, { reqs }: Submit, isFull: boolean): Failure | null {
  const seen = new Set<string>();
  for (const { rid, dpRank } of reqs) {
    if (state.rids.has(rid) || seen.has(rid)) {
      return { code: 'INVALID_REQUEST', message: `Duplicate request ID detected: ${rid}` };
    }
    seen.add(rid);
    if (dpRank !== null && !state.ranks.has(dpRank)) {
      const message = `Device rank ${dpRank} does not exist: this server has ${state.ranks.size}.`;
      return { code: 'INVALID_REQUEST', message };
    }
    if (dpRank !== null && state.downRanks.has(dpRank)) return rankIsDown(dpRank);
  }
  return isFull ? { code: 'QUEUE_FULL', message: 'The request queue is full.' } : null;
}

/** By how many requests the queue would be too long. */
function numExcess(state: SchedulerState, numNew: number): number {
  const room = numStarting(state) + state.config.maxQueuedRequests;
  return Math.max(0, state.queue.length + numNew - room);
}

function leastImportantOf({ config }: SchedulerState, { reqs }: Submit): number {
  const values = reqs.map(({ priority }) => priority);
  return config.priority?.lowValuesFirst === true ? Math.max(...values) : Math.min(...values);
}

/** Waiting requests that a slot is free for do not count as queued. */
function numStarting(state: SchedulerState): number {
  return openLinks(state).reduce((sum, link) => sum + link.numFreeRunning, 0);
}

export function abortMatching(state: SchedulerState, message: Abort): void {
  const reason = reasonGiven(message);
  for (const req of [...state.live.values()]) {
    if (matchesAbort(message, req)) abort(state, req, reason);
  }
}

/** What the user gave as the reason; undefined = the words of the phase that the request is in. */
export function reasonGiven({ message }: Abort): FinishReason | undefined {
  return message === null ? undefined : abortReason(message);
}

export function matchesAbort(
  { all, num, ridPrefix }: Abort,
  req: { readonly num: number; readonly input: { readonly rid: string } },
): boolean {
  if (all) return true;
  if (num !== null) return req.num === num;
  return ridPrefix !== '' && req.input.rid.startsWith(ridPrefix);
}
