import type { StateLimits } from '../../messages.js';
import { worthwhileTokens, type PageSize } from '../worthwhile.js';
import { Lease } from './lease.js';

/** While an answer grows its state is kept every so many tokens, so that the next turn of a chat goes on there. */
const TRACK_TOKENS = 16;

/** Places kept idle, beyond one per running request. */
const RESERVE_PLACES = 8;

export interface StateLeaseOptions extends StateLimits, PageSize {
  /** False = what decoding made is never matched: answers need no states. */
  readonly tracksAnswers: boolean;
}

/**
 * Places for recurrent states of one device that are out of the cache actor's free list: idle ones, and those that
 * seats have a state on which is not the tree's yet. No request waits for one: where there is none, no state is kept.
 */
export class StateLease extends Lease {
  /** Of a long prompt the state is kept every so many tokens. */
  readonly intervalTokens: number;
  /** Of an answer; Infinity = not at all. */
  readonly trackTokens: number;
  /** A run of a prompt ends for a state only where it is so far behind the last one. */
  readonly minTokens: number;
  readonly numPlaces: number;
  /** Places with states of answers that grow: at most half of all, so that prompts' are not pushed out by them. */
  #numTracking = 0;

  constructor({ numPlaces, intervalTokens, tracksAnswers, ...page }: StateLeaseOptions) {
    super();
    this.numPlaces = numPlaces;
    this.intervalTokens = intervalTokens;
    const { pageSizeTokens } = page;
    const trackTokens = pageSizeTokens * Math.ceil(TRACK_TOKENS / pageSizeTokens);
    this.trackTokens = tracksAnswers ? trackTokens : Infinity;
    this.minTokens = worthwhileTokens(page);
  }

  /** A place for a state of a growing answer; null = it has to do without. */
  takeTracking(): number | null {
    if (this.idle.length === 0 || 2 * this.#numTracking >= this.numPlaces) return null;
    this.#numTracking++;
    return this.take(1)[0] ?? null;
  }

  /** So many of these places are not that any more. */
  endTracking(count: number): void {
    this.#numTracking -= count;
  }

  /** How many idle places there should be. */
  reserve(numSeats: number): number {
    return Math.min(Math.max(1, this.numPlaces >> 2), numSeats + RESERVE_PLACES);
  }
}
