const FIRST_MS = 300;
const LONGEST_MS = 8000;

/** How long to wait before the `attempt`th try, 0 the first; at most a fifth of it is chance, so that pages do not come all at once. */
export function backoffMs(attempt: number, chance = Math.random()): number {
  const ms = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return ms * (0.8 + 0.2 * chance);
}
