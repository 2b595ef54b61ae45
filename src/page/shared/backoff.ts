const FIRST_MS = 300;
const LONGEST_MS = 8000;
/** A connection that was there for so long was no failed try. */
const STABLE_MS = 10_000;

/** How long to wait before the `attempt`th try, 0 the first; up to half of it is chance, so that pages do not come all at once. */
export function backoffMs(attempt: number, chance = Math.random()): number {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return ms * (0.5 + 0.5 * chance);
}

/** Counts the tries since there was a connection that held. */
export class Backoff {
  #attempt = 0;

  /** Until the next try. @param lastedMs how long the connection was there that is lost; 0 = there was none */
  nextMs(lastedMs: number, chance = Math.random()): number {
    if (lastedMs >= STABLE_MS) this.#attempt = 0;
    return backoffMs(this.#attempt++, chance);
  }

  /** What comes next has nothing to do with what failed. */
  reset(): void {
    this.#attempt = 0;
  }
}
