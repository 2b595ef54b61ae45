/** Vectors of the same texts, `[numTexts, dim]` each. */
export type Vectors = readonly (readonly number[])[];

/** How near vectors are to those that they should be, and whether a search finds the same texts with them. */
export interface Agreement {
  readonly meanCosine: number;
  readonly leastCosine: number;
  /** Of the ten texts that are nearest to each: how many are the same, 0 to 1. */
  readonly recallAt10: number;
  /** How often the nearest text is the same. */
  readonly sameFirst: number;
  /** Spearman's correlation of the order of all other texts, the mean of all texts. */
  readonly spearman: number;
}

export function agreementOf(expected: Vectors, actual: Vectors): Agreement {
  const cosines = expected.map((vector, i) => cosine(vector, actual[i] ?? []));
  const orders = expected.map((_, at) => ({
    wanted: othersByNearness(expected, at),
    found: othersByNearness(actual, at),
  }));
  return {
    meanCosine: mean(cosines),
    leastCosine: Math.min(...cosines),
    recallAt10: mean(orders.map(({ wanted, found }) => overlap(wanted, found, 10))),
    sameFirst: mean(orders.map(({ wanted, found }) => overlap(wanted, found, 1))),
    spearman: mean(orders.map(({ wanted, found }) => spearman(wanted, found))),
  };
}

/** Places of all other texts, the nearest first. */
function othersByNearness(vectors: Vectors, at: number): readonly number[] {
  const own = vectors[at] ?? [];
  const nearness = vectors.map((vector) => cosine(own, vector));
  const others = [...vectors.keys()].filter((other) => other !== at);
  return others.sort((a, b) => (nearness[b] ?? 0) - (nearness[a] ?? 0));
}

function overlap(wanted: readonly number[], found: readonly number[], count: number): number {
  const best = new Set(wanted.slice(0, count));
  return found.slice(0, count).filter((place) => best.has(place)).length / count;
}

/** Of two orders of the same places. */
function spearman(wanted: readonly number[], found: readonly number[]): number {
  const rank = new Map(wanted.map((place, at) => [place, at]));
  const squares = found.reduce((sum, place, at) => sum + (at - (rank.get(place) ?? NaN)) ** 2, 0);
  const n = found.length;
  return 1 - (6 * squares) / (n * (n * n - 1));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] ?? NaN), 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
