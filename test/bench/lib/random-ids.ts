import { seededRandom, type Random } from '../../../src/core/clock.js';

/** Ids below this one may be special tokens. */
const FIRST_ID = 100;
/** Every model of the benches has more ids. */
const LAST_ID = 30_000;

/** Seeded, so that every side gets the same prompts. */
export class RandomIds {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** `[count]` ids in [FIRST_ID, LAST_ID). */
  ids(count: number): number[] {
    return Array.from({ length: count }, () => FIRST_ID + this.below(LAST_ID - FIRST_ID));
  }

  /** Fisher and Yates; a new array. */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j] as T, result[i] as T];
    }
    return result;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}
