import { DRAFTS_JUDGED } from '../../core/speculation.js';

/** Outputs without drafts after drafting stopped; each stop doubles them, up to the latter. */
const PAUSE_MIN = 128;
const PAUSE_MAX = 1024;
/** Drafts judged without a stop that make the next pause a short one again. */
const GOOD_RUN = 64;
/** Correct drafts one after the other from which on more than one is made at once. */
const TRUSTED = 4;

/**
 * Whether a request drafts, and how far ahead, by how its drafts were accepted before. It counts outputs, never turns or
 * time.
 */
export class AcceptGate {
  readonly #missesMax: number;
  /** Of the last drafts, at most {@link DRAFTS_JUDGED}, whether they were correct. */
  #last: boolean[] = [];
  #numJudged = 0;
  /** The last ones, one after the other. */
  #numHitsInTurn = 0;
  /** So many were right one after the other since it is on. */
  #hasTrust = false;
  #pause = PAUSE_MIN;
  /** Outputs that are still decoded without drafts; 0 = it drafts. */
  #numPaused = 0;

  /** @param minHits of the last {@link DRAFTS_JUDGED} drafts */
  constructor(minHits: number) {
    this.#missesMax = DRAFTS_JUDGED - minHits;
  }

  get isOn(): boolean {
    return this.#numPaused === 0;
  }

  /** Drafts at once, while it is on: one until the first ones were right. */
  get numDrafts(): number {
    return this.#hasTrust ? Infinity : 1;
  }

  /**
   * While it is on: the next output was what the draft said, or another token. Only the latter turns it off, as soon as
   * too many were wrong: the row of a correct draft was verified already, with those behind it.
   */
  judge(isHit: boolean): void {
    this.#last.push(isHit);
    if (this.#last.length > DRAFTS_JUDGED) this.#last.shift();
    if (++this.#numJudged === GOOD_RUN) this.#pause = PAUSE_MIN;
    this.#numHitsInTurn = isHit ? this.#numHitsInTurn + 1 : 0;
    if (this.#numHitsInTurn === TRUSTED) this.#hasTrust = true;
    const numMisses = this.#last.filter((hit) => !hit).length;
    if (isHit || numMisses <= this.#missesMax) return;
    this.#numPaused = this.#pause;
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX);
    this.#last = [];
    this.#numJudged = 0;
    this.#hasTrust = false;
  }

  /** While it is off: the next output came. */
  skip(): void {
    this.#numPaused--;
  }
}
