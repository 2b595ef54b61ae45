import { DRAFTS_JUDGED } from '../../core/speculation.js';

/** What is thought of a draft before any was judged, and how many judged ones weigh as much. */
const PRIOR_CHANCE = 0.75;
const PRIOR_WEIGHT = 4;
/** Outputs without a judged draft after which what was judged is forgotten: the text may have changed. Each time twice as many, up to the latter. */
const FORGET_MIN = 128;
const FORGET_MAX = 1024;

/** How likely a draft of a model is right, by its last ones of the request. It counts outputs, never time. */
export class HitRate {
  /** Of the last drafts, at most {@link DRAFTS_JUDGED}, whether they were right. */
  #last: boolean[] = [];
  #numUnjudged = 0;
  #forgetAfter = FORGET_MIN;

  get chance(): number {
    const numHits = this.#last.filter((hit) => hit).length;
    return (PRIOR_CHANCE * PRIOR_WEIGHT + numHits) / (PRIOR_WEIGHT + this.#last.length);
  }

  /** The next output was what the draft said, or another token. */
  judge(isHit: boolean): void {
    this.#numUnjudged = 0;
    this.#last.push(isHit);
    if (this.#last.length > DRAFTS_JUDGED) this.#last.shift();
  }

  /** The next output had no draft. */
  skip(): void {
    if (++this.#numUnjudged < this.#forgetAfter) return;
    this.#numUnjudged = 0;
    this.#forgetAfter = Math.min(2 * this.#forgetAfter, FORGET_MAX);
    this.#last = [];
  }
}
