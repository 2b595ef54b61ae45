/** Last drafts that decide. */
const WINDOW = 16;
/** Correct ones among them below which drafting stops. */
const HITS_MIN = 10;
/** Outputs without drafts after drafting stopped; each stop doubles them, up to the latter. */
const PAUSE_MIN = 32;
const PAUSE_MAX = 1024;
/** Drafts judged without a stop that make the next pause a short one again. */
const GOOD_RUN = 64;

/** Whether a request drafts, by how its drafts were accepted before. It counts outputs, never turns or time. */
export class AcceptGate {
  /** Of the last drafts, at most {@link WINDOW}, whether they were correct. */
  #last: boolean[] = [];
  #numJudged = 0;
  #pause = PAUSE_MIN;
  /** Outputs that are still decoded without drafts; 0 = it drafts. */
  #numPaused = 0;

  get isOn(): boolean {
    return this.#numPaused === 0;
  }

  /**
   * While it is on: the next output was what the draft said, or another token. Only the latter turns it off: the row of a
   * correct draft was verified already, with those behind it.
   */
  judge(isHit: boolean): void {
    this.#last.push(isHit);
    if (this.#last.length > WINDOW) this.#last.shift();
    if (++this.#numJudged === GOOD_RUN) this.#pause = PAUSE_MIN;
    const numHits = this.#last.filter(Boolean).length;
    if (isHit || this.#last.length < WINDOW || numHits >= HITS_MIN) return;
    this.#numPaused = this.#pause;
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX);
    this.#last = [];
    this.#numJudged = 0;
  }

  /** While it is off: the next output came. */
  skip(): void {
    this.#numPaused--;
  }
}
