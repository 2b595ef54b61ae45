/** Time and chance as arguments, so that a whole run replays from a seed. */
export interface Clock {
  /** Monotonic milliseconds. */
  nowMs(): number;
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** mulberry32: a small seeded generator for tests, simulation and shuffles; not for sampling tokens. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
