/** Time and chance as arguments, so that a whole run replays from a seed. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
}

/** The next number of a sequence, uniform in [0, 1). */
export type Random = () => number;

/** Numbers for tests, simulation and shuffles, from {@link randomBits}; not for sampling tokens. */
export function seededRandom(seed: number): Random {
  const next = randomBits(seed);
  return () => next() / 2 ** 32;
}

/** Integers in `[0, 2^32)` from one seed (mulberry32): the same on every machine. */
export function randomBits(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
}
