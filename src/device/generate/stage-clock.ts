/** Whole microseconds between one stage and the next. */
export class StageClock {
  #last = performance.now();
  /** When it was made, in epoch milliseconds with fractions: threads have no other clock in common. */
  readonly startMs = performance.timeOrigin + this.#last;

  lapUs(): number {
    const now = performance.now();
    const us = Math.round((now - this.#last) * 1000);
    this.#last = now;
    return us;
  }
}
