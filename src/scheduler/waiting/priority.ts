/** `--enable-priority-scheduling`: who goes first, and who loses the place in a full queue. */
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { Req } from '../req.js';
import type { Policy } from './policy.js';
import type { WaitingReq } from './ticket.js';

/** A priority as a number of which larger = sooner. */
export function importance({ priority }: SchedulerConfig, value: number): number {
  return priority?.lowValuesFirst === true ? -value : value;
}

export function importanceOf(config: SchedulerConfig, { input }: Req): number {
  return importance(config, input.priority);
}

/** The policy's order among requests of equal priority. */
export function byPriority(policy: Policy, config: SchedulerConfig): Policy {
  return (waiting) =>
    [...policy(waiting)].sort((a, b) => importanceOf(config, b.req) - importanceOf(config, a.req));
}

/**
 * Requests that never ran and whose place `numPlaces` more important ones may take: all of these, or none.
 * @param wanted the least importance among those that want in
 */
export function evictable(
  { config, waiting }: { readonly config: SchedulerConfig; readonly waiting: Iterable<WaitingReq> },
  wanted: number,
  numPlaces: number,
): readonly Req[] {
  if (config.priority === null) return [];
  const lower = [...waiting]
    .map(({ req }) => req)
    .filter((req) => req.started === null && importanceOf(config, req) < wanted)
    .reverse()
    .sort((a, b) => importanceOf(config, a) - importanceOf(config, b))
    .slice(0, numPlaces);
  return lower.length === numPlaces ? lower : [];
}
