/** What is thought of a draft model before any draft was judged, and how many judged ones weigh as much. */
const PRIOR_CHANCE = 0.85;
const PRIOR_WEIGHT = 16;
/** So many at most count: what is older weighs less and less. */
const WEIGHT_MAX = 256;
/** Outputs without a judged draft after which all is forgotten: texts may have changed. Each time twice as many, up to the latter. */
const FORGET_MIN = 1024;
const FORGET_MAX = 16_384;

/** How the drafts of a draft model went, of all requests of a device: what a new request expects of it. */
export class DraftRecord {
  #numHits = PRIOR_CHANCE * PRIOR_WEIGHT;
  #numJudged = PRIOR_WEIGHT;
  #numUnjudged = 0;
  #forgetAfter = FORGET_MIN;

  get chance(): number {
    return this.#numHits / this.#numJudged;
  }

  judge(isHit: boolean): void {
    this.#numUnjudged = 0;
    this.#numJudged++;
    if (isHit) this.#numHits++;
    if (this.#numJudged <= WEIGHT_MAX) return;
    this.#numJudged /= 2;
    this.#numHits /= 2;
  }

  /** An output of any request had no draft. */
  skip(): void {
    if (++this.#numUnjudged < this.#forgetAfter) return;
    this.#numUnjudged = 0;
    this.#forgetAfter = Math.min(2 * this.#forgetAfter, FORGET_MAX);
    this.#numHits = PRIOR_CHANCE * PRIOR_WEIGHT;
    this.#numJudged = PRIOR_WEIGHT;
  }
}
