/**
 * Matches by their length: from which on a class begins, and how often what they said came (docs/decisions/0016). Behind
 * a match of n tokens the next one is right about as often in code, in quotes and in chats.
 */
const CLASSES = [
  { from: 1, chance: 0.2 },
  { from: 2, chance: 0.5 },
  { from: 3, chance: 0.67 },
  { from: 4, chance: 0.75 },
  { from: 6, chance: 0.82 },
  { from: 8, chance: 0.87 },
  { from: 12, chance: 0.93 },
  { from: 16, chance: 0.95 },
  { from: 24, chance: 0.98 },
] as const;

/** Outputs that weigh as much as what is known beforehand. */
const PRIOR_WEIGHT = 8;

/** How likely the next token of a match is right, by how long it is and how such matches of the request went. */
export class MatchChances {
  readonly #counts = CLASSES.map(({ chance }) => ({
    hits: chance * PRIOR_WEIGHT,
    all: PRIOR_WEIGHT,
  }));

  /** What a match of `length` tokens, at least 1, said came or did not. */
  count(length: number, isHit: boolean): void {
    const counts = this.#of(length);
    counts.all++;
    if (isHit) counts.hits++;
  }

  /** Of a match of `length` tokens, at least 1. */
  chance(length: number): number {
    const { hits, all } = this.#of(length);
    return hits / all;
  }

  #of(length: number): { hits: number; all: number } {
    const index = CLASSES.findLastIndex(({ from }) => from <= length);
    const counts = this.#counts[Math.max(0, index)];
    if (counts === undefined) throw new Error('this is a bug: there are no classes');
    return counts;
  }
}
