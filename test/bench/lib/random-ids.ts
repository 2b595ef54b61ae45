/** Ids below this one may be special tokens. */
const FIRST_ID = 100;
/** Every model of the benches has more ids. */
const LAST_ID = 30_000;

/** Seeded (mulberry32), so that every side gets the same prompts. */
export class RandomIds {
  constructor(private state: number) {}

  /** `[count]` ids in [FIRST_ID, LAST_ID). */
  ids(count: number): number[] {
    return Array.from({ length: count }, () => FIRST_ID + this.below(LAST_ID - FIRST_ID));
  }

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
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
}
