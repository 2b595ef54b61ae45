/** `--enable-priority-scheduling`: who goes first, who loses the slot, and who the place in the queue. */
import { failureReason } from '../core/finish-reason.js';
import type { SchedulerConfig } from '../core/scheduler-config.js';
import { lasts } from './admission.js';
import type { DeviceLink } from './device-link.js';
import { abort } from './ending.js';
import type { Policy } from './policy.js';
import type { Req } from './req.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

/** Larger = sooner. */
export function importance({ priority }: SchedulerConfig, value: number): number {
  return priority?.lowValuesFirst === true ? -value : value;
}

/** The policy's order among requests of equal priority. */
export function byPriority(policy: Policy, config: SchedulerConfig): Policy {
  return (waiting) => [...policy(waiting)].sort((a, b) => of(config, b) - of(config, a));
}

function of(config: SchedulerConfig, { input }: Req): number {
  return importance(config, input.priority);
}

/**
 * A waiting request that has no slot, or no pages that last, takes the place of the running one with the
 * lowest priority, if the gap is larger than the threshold. The victim goes back to the queue, and
 * continues later where it was.
 */
export function preempt(state: SchedulerState, link: DeviceLink): void {
  const { priority } = state.config;
  if (priority === null || priority.preemptionThreshold === null || link.retiring) return;
  const next = nextReady(state, link);
  if (next?.match == null) return;
  if (link.numFreeRunning > 0 && lasts(link, next, next.match)) return;
  const victim = leastImportant(state, link);
  if (victim === null || victim.retracting) return;
  const gap = of(state.config, next) - of(state.config, victim.req);
  if (gap > priority.preemptionThreshold) victim.retracting = true;
}

function nextReady(state: SchedulerState, link: DeviceLink): Req | null {
  for (const req of state.queue.inOrder()) {
    if (req.tree === link.tree && req.match?.status === 'ready') return req;
  }
  return null;
}

/** Of equals the one that came last; one that is leaving already before all others. */
function leastImportant({ config }: SchedulerState, { runs }: DeviceLink): Run | null {
  let least: Run | null = null;
  for (const run of runs) {
    if (run.retracting) return run;
    if (least === null || of(config, run.req) <= of(config, least.req)) least = run;
  }
  return least;
}

const EVICTED = 'The request is aborted by a higher priority request.';

/**
 * Requests that never ran and whose place `numPlaces` more important ones may take: all of these, or none.
 * @param value the lowest priority among those that want in
 */
export function evictable(state: SchedulerState, value: number, numPlaces: number): readonly Req[] {
  const { config } = state;
  if (config.priority === null) return [];
  const wanted = importance(config, value);
  const lower = [...state.queue]
    .filter((req) => req.firstRun === null && of(config, req) < wanted)
    .reverse()
    .sort((a, b) => of(config, a) - of(config, b))
    .slice(0, numPlaces);
  return lower.length === numPlaces ? lower : [];
}

export function evict(state: SchedulerState, reqs: readonly Req[]): void {
  for (const req of reqs) abort(state, req, failureReason('QUEUE_FULL', EVICTED));
}
