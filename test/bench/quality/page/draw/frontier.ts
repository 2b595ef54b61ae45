/** What a format is judged by: `kl` is to be small, `speed` large. */
export interface Judged {
  readonly kl: number;
  readonly speed: number;
}

/** Those of which no other is as fast and as close and better in one of both, the fastest first. */
export function frontier<T extends Judged>(all: readonly T[]): readonly T[] {
  const fastest = all.toSorted((a, b) => b.speed - a.speed || a.kl - b.kl);
  let closest = Infinity;
  return fastest.filter(({ kl }) => {
    const isBetter = kl < closest;
    closest = Math.min(closest, kl);
    return isBetter;
  });
}
