import assert from 'node:assert/strict';
import type { Random } from '../../src/core/clock.js';

/** Chance from one seed, in the forms that a simulation draws it. */
export class Dice {
  constructor(readonly random: Random) {}

  /** An integer in `[0, end)`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    assert(choice !== undefined);
    return choice;
  }
}
