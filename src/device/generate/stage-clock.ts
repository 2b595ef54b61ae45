/** Whole microseconds between one stage and the next. */
export class StageClock {
  #last = performance.now();

  lapUs(): number {
    const now = performance.now();
    const us = Math.round((now - this.#last) * 1000);
    this.#last = now;
    return us;
  }
}
