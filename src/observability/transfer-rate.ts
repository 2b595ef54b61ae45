/** A rate is that of so much of the past. */
const WINDOW_MS = 10_000;
/** Shorter ones say nothing. */
const MIN_MS = 500;
/** Samples closer to each other are one. */
const STEP_MS = 200;

/** How fast a count grows. What was there at the first sample was not done now. */
export class TransferRate {
  #samples: { readonly ms: number; readonly done: number }[] = [];

  add(ms: number, done: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && done < last.done) this.#samples = [];
    else if (last !== undefined && ms - last.ms < STEP_MS) return;
    this.#samples.push({ ms, done });
    while (this.#samples.length > 2 && ms - (this.#samples[1]?.ms ?? ms) >= WINDOW_MS) {
      this.#samples.shift();
    }
  }

  /** Per second; null = not known yet. */
  at(ms: number, done: number): number | null {
    const [first] = this.#samples;
    if (first === undefined || ms - first.ms < MIN_MS) return null;
    return (1000 * (done - first.done)) / (ms - first.ms);
  }
}
