/** Runs that are looked back on. */
const NUM_RUNS = 8;

/** The largest of the last numbers, one of each run: how full a batch is likely to be. */
export class LatelyMost {
  readonly #last: number[] = [];

  /** @returns the largest, this one among them */
  push(count: number): number {
    this.#last.push(count);
    if (this.#last.length > NUM_RUNS) this.#last.shift();
    return Math.max(...this.#last);
  }
}
