import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { DeviceLink } from '../devices/link.js';
import type { SchedulerParts } from '../parts.js';
import type { Seat } from '../seat/seat.js';
import { importanceOf } from '../waiting/priority.js';
import type { WaitingReq } from '../waiting/ticket.js';
import { lasts } from './admission.js';

type Parts = Pick<SchedulerParts, 'config' | 'waiting'>;

/**
 * A waiting request that has no slot, or no pages that last, takes the place of the running one with the
 * lowest priority, if the gap is larger than the threshold. The victim goes back to the queue, and
 * continues later where it was.
 */
export function preempt({ config, waiting }: Parts, link: DeviceLink): void {
  const threshold = config.priority?.preemptionThreshold ?? null;
  if (threshold === null || link.retiring) return;
  const next = nextReady(waiting.inOrder(), link);
  if (next?.match == null) return;
  if (link.numFreeRunning > 0 && lasts(link, next.req, next.match)) return;
  const victim = leastImportant(config, link);
  if (victim === null || victim.isRetracting) return;
  const gap = importanceOf(config, next.req) - importanceOf(config, victim.req);
  if (gap > threshold) victim.retract();
}

function nextReady(tickets: Iterable<WaitingReq>, link: DeviceLink): WaitingReq | null {
  for (const ticket of tickets) {
    if (ticket.target === link.tree && ticket.match?.isReady === true) return ticket;
  }
  return null;
}

/** The seat to go: one that is leaving already, else the lowest priority, of equals the one that came last. */
function leastImportant(config: SchedulerConfig, { seats }: DeviceLink): Seat | null {
  let least: Seat | null = null;
  for (const seat of seats) {
    if (seat.isRetracting) return seat;
    if (least === null || importanceOf(config, seat.req) <= importanceOf(config, least.req)) {
      least = seat;
    }
  }
  return least;
}
