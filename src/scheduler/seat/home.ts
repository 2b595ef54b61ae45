import type { Speculation } from '../../core/speculation.js';
import type { DeviceLimits, RefusedInsert, TreeKey } from '../../messages.js';
import type { PageLease } from '../devices/page-lease.js';
import type { StateLease } from '../devices/state-lease.js';
import type { Outbox } from '../outbox.js';

/** What a seat sees of the device that it is on. */
export interface SeatHome<Seat = unknown> {
  readonly tree: TreeKey;
  readonly limits: DeviceLimits;
  readonly outbox: Pick<Outbox, 'op'>;
  readonly pages: PageLease;
  /** Places for recurrent states; null = rows alone are enough to go on from. */
  readonly states: StateLease | null;
  /** False = seats never give rows to the tree (`--disable-radix-cache`). */
  readonly sharesPrefixes: boolean;
  /** How requests speculate; null = none does. */
  readonly speculation: Speculation | null;
  readonly freeSlots: number[];
  /** Seats that are serving or retracting, in order of admission. */
  readonly seats: Set<Seat>;
  /** Seats that are leaving or closed, in the order in which they left. */
  readonly leavers: Set<Seat>;
  /** Seats whose pages are not all as the device was told. */
  readonly remapped: Set<Seat>;
  pagesFor(numTokens: number): number;
  wholePages(numTokens: number): number;
  unlock(lock: number): void;
  /** Something was posted that may free pages, and places of states. */
  released(): void;
  /** Pages and a lock that were on their way to the cache actor, which did not want them. */
  takeBack(left: Pick<RefusedInsert, 'pages' | 'lock'>): void;
}
