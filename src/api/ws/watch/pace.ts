/**
 * At most this part of the main thread's time goes into looks. A look costs the other threads, the socket and whoever
 * waits for a core some times as much again.
 */
const SHARE = 1 / 1000;
/** Looks that are remembered. */
const LOOKS = 4;
/** However long looks take. */
const LONGEST_MS = 2000;

/** How seldom to look, so that looks cost little beside what is looked at. */
export class Pace {
  #costsMs: readonly number[] = [];

  /** One look kept the main thread for so long. */
  took(ms: number): void {
    this.#costsMs = [...this.#costsMs.slice(1 - LOOKS), ms];
  }

  /** From one look to the next. The least of the last costs counts: more was the wait for a core, no work. */
  get leastMs(): number {
    if (this.#costsMs.length < LOOKS) return 0;
    return Math.min(LONGEST_MS, Math.min(...this.#costsMs) / SHARE);
  }
}
