import { seededRandom } from '../../core/clock.js';

/** Draws numbers that one seed repeats. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** An integer in [low, high]. */
  between(low: number, high: number): number;
  /** Of an exponential distribution with this mean: gaps between Poisson arrivals. */
  exponential(mean: number): number;
}

export function createRandom(seed: number): Random {
  const next = seededRandom(seed);
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}

/** In place (Fisher and Yates). */
export function shuffle(list: unknown[], random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.between(0, i);
    [list[i], list[j]] = [list[j], list[i]];
  }
}
