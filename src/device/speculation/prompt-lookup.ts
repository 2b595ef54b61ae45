import { NgramFollower } from './ngram-follower.js';
import type { NgramWindows } from './ngram-index.js';

/**
 * Correct drafts of a match. Fewer than this did not pay for the rows of those that were wrong; from there on more
 * drafts are made at once.
 */
const FAIR_HITS = 8;
/** From so many on still more are, and less is asked of the next match. */
const GOOD_HITS = 24;
/** Drafts at once of a match that is new, fair and good: with the last token's, rows by powers of two. */
const DRAFTS = { new: 7, fair: 15, good: Infinity } as const;

/**
 * Prompt lookup for one request where rows that are verified have other bits than those that are decoded.
 *
 * A match is followed also while nothing is drafted from it: how far it has been right decides whether its next tokens are
 * drafts. All of it goes by the tokens alone: not by time, by other requests, or by how many drafts were verified
 * together. So which rows of a request are verified is the same alone and in a batch, and whoever has the tokens can tell
 * it again.
 */
export class PromptLookup {
  readonly #windows: NgramWindows;
  readonly #follower: NgramFollower;
  /** Matching tokens from which on drafts are made: more after drafts that were wrong soon. */
  #required: number;
  #isDrafting = false;
  /** Correct drafts since drafting began. */
  #numHits = 0;

  constructor(windows: NgramWindows, promptIds: Int32Array) {
    this.#windows = windows;
    this.#required = windows.minMatch;
    this.#follower = new NgramFollower(windows, promptIds);
    this.#mayDraft();
  }

  /**
   * The row of the last token is one of a verification: drafts follow it, or it was one itself. Both are the same, as a
   * match goes on until it is wrong.
   */
  get isDrafting(): boolean {
    return this.#isDrafting;
  }

  /** How many drafts the match has earned. */
  get numDrafts(): number {
    if (this.#numHits < FAIR_HITS) return DRAFTS.new;
    return this.#numHits < GOOD_HITS ? DRAFTS.fair : DRAFTS.good;
  }

  /** The next output. */
  push(token: number): void {
    if (this.#follower.push(token)) {
      if (this.#isDrafting) this.#numHits++;
      else this.#mayDraft();
      return;
    }
    if (this.#isDrafting) this.#learn();
    this.#numHits = 0;
    this.#mayDraft();
  }

  /** What comes next if the match stays right, `[count]`; only while {@link isDrafting}. */
  draft(count: number): number[] {
    return this.#follower.draft(count);
  }

  /** The match was wrong: what its drafts brought. */
  #learn(): void {
    if (this.#numHits < FAIR_HITS) {
      this.#required = Math.min(2 * this.#required, this.#windows.maxMatch);
    }
    if (this.#numHits >= GOOD_HITS) {
      this.#required = Math.max(this.#required >> 1, this.#windows.minMatch);
    }
  }

  #mayDraft(): void {
    this.#isDrafting = this.#follower.matched >= this.#required;
  }
}
