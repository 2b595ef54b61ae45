/** Part of a run's tokens that may be padding, beyond {@link FREE_PADDING}. */
const PADDING_SHARE = 1 / 16;
/** Padding that costs less than another run of the model. */
const FREE_PADDING = 32;

/**
 * Cuts sequences into runs of `[B, S]`, of at most `runTokens` tokens, padding included, unless one sequence alone is
 * longer: sorted by length, so that those of a run are nearly as long as each other. Returns indices into `lengths`, the
 * longest of each run first; every index exactly once.
 */
export function packByLength(
  lengths: readonly number[],
  runTokens: number,
): readonly (readonly number[])[] {
  const order = [...lengths.keys()].sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  const runs: number[][] = [];
  let run: number[] = [];
  let numTokens = 0;
  for (const index of order) {
    const length = lengths[index] ?? 0;
    const longest = lengths[run[0] ?? index] ?? 0;
    const size = (run.length + 1) * longest;
    const padding = size - numTokens - length;
    const fits = size <= runTokens && padding <= FREE_PADDING + size * PADDING_SHARE;
    if (run.length === 0 || !fits) {
      run = [];
      runs.push(run);
      numTokens = 0;
    }
    run.push(index);
    numTokens += length;
  }
  return runs;
}
