import type { TreeKey } from '../../messages.js';
import type { Req } from '../req.js';
import type { Match } from './match.js';

/**
 * One wait of a request: made when it is accepted, retracted or retried, gone when it gets a seat or
 * ends. `waiting.ts` alone writes it; others see a {@link WaitingReq}.
 */
export class Ticket {
  /** Device that the request is meant for; null until routed. */
  target: TreeKey | null = null;
  /** The prefix that it was matched with there; null = not asked for. */
  match: Match | null = null;
  /** Cached tokens per tree, once asked for; routing and `lpm` read it. */
  probe: 'none' | 'pending' | ReadonlyMap<TreeKey, number> = 'none';
  /** Its lock was given up once: match again only when a slot is free. */
  isMatchedLate = false;

  constructor(readonly req: Req) {}

  /** What is known of the request's longest cached prefix on any device. */
  get cachedPrefixTokens(): number {
    if (this.match?.isReady === true) return this.match.numTokens;
    if (typeof this.probe === 'string') return 0;
    let longest = 0;
    for (const numTokens of this.probe.values()) longest = Math.max(longest, numTokens);
    return longest;
  }
}

/** A waiting request, to be read: by policies, routing, admission and the load numbers. */
export type WaitingReq = Readonly<Ticket>;
