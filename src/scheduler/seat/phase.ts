/**
 * The life of a {@link Seat}: one stay of a request in one slot of one device.
 *
 *     admission: slot, pages and the match's lock
 *        │
 *        ▼         retract                  still counts the tokens of steps in flight,
 *     serving ───────────────> retracting   but gets no more rows
 *        │  ends by itself, stop   │  ends, or its last step is back:
 *        │  string, abort          │  then the request waits again, without this seat
 *        ▼         leave           ▼
 *     leaving ◄────────────────────┘        the next step stores what is known and frees the slot
 *        │  closeSlot: that step is posted
 *        ▼
 *     closed                                pages stay until (1) main has checked the text for stop
 *        │                                  strings: `keep` says how many rows are right, and (2) no
 *        │  release                         insert is in flight, for its reply brings the lock
 *        ▼
 *      gone                                 no slot, no page, no lock; steps in flight may still answer
 *
 * `drop` (an abort) gives the pages back at once, in `leaving` or `closed`: it waits for nothing but the
 * lock of an insert in flight. `lose` (the device died) goes from anywhere to `gone`: the tree with the
 * pages and locks is gone too.
 */
export type SeatPhase = 'serving' | 'retracting' | 'leaving' | 'closed' | 'gone';

export type SeatAct =
  | 'advance'
  | 'grow'
  | 'insert'
  | 'store'
  | 'inserted'
  | 'retract'
  | 'leave'
  | 'closeSlot'
  | 'keep'
  | 'drop'
  | 'lose';

/** What a seat may be told in each phase; anything else is a bug. The acts of every step come first. */
export const MAY: Readonly<Record<SeatPhase, readonly SeatAct[]>> = {
  serving: ['advance', 'grow', 'insert', 'store', 'inserted', 'retract', 'leave', 'lose'],
  retracting: ['inserted', 'retract', 'leave', 'lose'],
  leaving: ['store', 'inserted', 'closeSlot', 'keep', 'drop', 'lose'],
  closed: ['inserted', 'keep', 'drop', 'lose'],
  gone: [],
};
