import type { DeviceLink } from '../devices/link.js';
import { sharedPromptTokens } from '../req.js';
import type { Seat } from '../seat/seat.js';
import { worthwhileTokens } from './match.js';
import type { Ticket } from './ticket.js';

/**
 * In-batch prefix deduplication: of requests that share a prefix which is not cached yet, one computes
 * it and the others wait until it is in the tree, instead of computing it once each.
 */
export class HeldBack {
  readonly #bySeat = new Map<Seat, Set<Ticket>>();

  hold(ticket: Ticket, seat: Seat): void {
    ticket.heldBy = seat;
    const held = this.#bySeat.get(seat);
    if (held === undefined) this.#bySeat.set(seat, new Set([ticket]));
    else held.add(ticket);
  }

  /** The prefill of `seat` is in the tree, or will never be. */
  letGo(seat: Seat): void {
    const held = this.#bySeat.get(seat);
    if (held === undefined) return;
    for (const ticket of held) ticket.heldBy = null;
    this.#bySeat.delete(seat);
  }

  /** The ticket waits for nobody any more: its request is gone. */
  remove(ticket: Ticket): void {
    if (ticket.heldBy === null) return;
    this.#bySeat.get(ticket.heldBy)?.delete(ticket);
    ticket.heldBy = null;
  }

  holds(seat: Seat, ticket: Ticket): boolean {
    return this.#bySeat.get(seat)?.has(ticket) === true;
  }
}

/** A seat in prefill that is about to compute a longer prefix of the request than it is matched with. */
export function findHolder(link: DeviceLink, { req, match }: Ticket): Seat | null {
  const enough = (match?.numTokens ?? 0) + worthwhileTokens(link);
  if (req.maxMatchTokens < enough) return null;
  for (const seat of link.seats) {
    if (!seat.canPrefill || seat.req.promptLen < enough) continue;
    const shared = sharedPromptTokens(seat.req, req, req.maxMatchTokens);
    if (link.wholePages(shared) * link.limits.pageSizeTokens >= enough) return seat;
  }
  return null;
}
