import { DRAFTS_JUDGED } from '../../core/speculation.js';
import type { DraftRecord } from './draft-record.js';

/** How many judged drafts weigh as much as what those of other requests were. */
const PRIOR_WEIGHT = 4;
/** Outputs without a judged draft after which what was judged is forgotten: the text may have changed. Each time twice as many, up to the latter. */
const FORGET_MIN = 128;
const FORGET_MAX = 1024;

/** How likely a draft of a model is right, by its last ones of the request. It counts outputs, never time. */
export class HitRate {
  readonly #record: DraftRecord;
  /** Of the last drafts, at most {@link DRAFTS_JUDGED}, whether they were right. */
  #last: boolean[] = [];
  #numUnjudged = 0;
  #forgetAfter = FORGET_MIN;

  constructor(record: DraftRecord) {
    this.#record = record;
  }

  get chance(): number {
    const numHits = this.#last.filter((hit) => hit).length;
    return (this.#record.chance * PRIOR_WEIGHT + numHits) / (PRIOR_WEIGHT + this.#last.length);
  }

  /** The next output was what the draft said, or another token. */
  judge(isHit: boolean): void {
    this.#record.judge(isHit);
    this.#numUnjudged = 0;
    this.#last.push(isHit);
    if (this.#last.length > DRAFTS_JUDGED) this.#last.shift();
  }

  /** The next output had no draft. */
  skip(): void {
    this.#record.skip();
    if (++this.#numUnjudged < this.#forgetAfter) return;
    this.#numUnjudged = 0;
    this.#forgetAfter = Math.min(2 * this.#forgetAfter, FORGET_MAX);
    this.#last = [];
  }
}
