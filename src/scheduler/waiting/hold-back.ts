import type { DeviceLink } from '../devices/link.js';
import { sharedPromptTokens } from '../req.js';
import type { Seat } from '../seat/seat.js';
import { worthwhileTokens } from '../worthwhile.js';
import type { WaitingReq } from './ticket.js';

export interface Holder {
  readonly seat: Seat;
  /** Tokens that both prompts begin with. */
  readonly shared: number;
}

/**
 * In-batch prefix deduplication: of requests that share a prefix which is not cached yet, one computes
 * it and the others wait until it is in the tree, instead of computing it once each.
 *
 * Nothing has to remember who waits for whom. A request is looked at only while the step has room for
 * prompt tokens, so every prompt that was seated before it is computed to its end, and inserted, by the
 * very step that is being planned: who was held back is matched again in the same turn.
 *
 * @returns the seat in prefill that is about to compute a longer prefix of the request than its match
 */
export function findHolder(link: DeviceLink, { req, match }: WaitingReq): Holder | null {
  const enough = (match?.numTokens ?? 0) + worthwhileTokens(link.limits);
  if (req.maxMatchTokens < enough) return null;
  for (const seat of link.seats) {
    if (!seat.canPrefill || seat.shareableLen < enough) continue;
    const maxTokens = Math.min(req.maxMatchTokens, seat.shareableLen);
    const shared = sharedPromptTokens(seat.req, req, maxTokens);
    if (link.wholePages(shared) * link.limits.pageSizeTokens >= enough) return { seat, shared };
  }
  return null;
}
