import type { DraftStats } from '../messages.js';

/** Counts the passes of the model that made a token of who speculates: verifications, and rows without a draft. */
export class DraftCounts {
  numPasses = 0;
  #numDrafts = 0;
  #numCorrect = 0;
  /** Passes by their correct drafts. */
  readonly #histogram: number[] = [];

  add(numDrafts: number, numCorrect: number): void {
    this.numPasses++;
    this.#numDrafts += numDrafts;
    this.#numCorrect += numCorrect;
    while (this.#histogram.length <= numCorrect) this.#histogram.push(0);
    this.#histogram[numCorrect] = (this.#histogram[numCorrect] ?? 0) + 1;
  }

  stats(): DraftStats {
    return {
      numPasses: this.numPasses,
      numDrafts: this.#numDrafts,
      numCorrect: this.#numCorrect,
      histogram: [...this.#histogram],
    };
  }
}
