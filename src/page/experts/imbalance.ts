/** How evenly the experts of one layer are used. */
export interface LayerUse {
  readonly layer: number;
  /** Choices that were counted. */
  readonly total: number;
  /** Of the busiest expert over what each would have; 1 = even, the number of experts = one has all. */
  readonly imbalance: number;
  readonly busiest: number;
  /** Experts that were never chosen. */
  readonly unused: number;
  /** Perplexity of the choice over the number of experts, in (0, 1]: 1 = even. */
  readonly evenness: number;
}

export function useOf(layer: number, counts: readonly number[]): LayerUse {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(0, ...counts);
  const mean = total / Math.max(1, counts.length);
  const entropy = counts.reduce((sum, count) => {
    const share = count / total;
    return count === 0 ? sum : sum - share * Math.log(share);
  }, 0);
  return {
    layer,
    total,
    imbalance: total === 0 ? 0 : most / mean,
    busiest: counts.indexOf(most),
    unused: counts.filter((count) => count === 0).length,
    evenness: total === 0 ? 0 : Math.exp(entropy) / counts.length,
  };
}

/** Layers in their order. */
export function layersOf(
  layers: Readonly<Record<string, readonly number[]>>,
): readonly (readonly [layer: number, counts: readonly number[]])[] {
  return Object.entries(layers)
    .map(([name, counts]) => [Number(name), counts] as const)
    .sort(([a], [b]) => a - b);
}

/** As `/dump_expert_distribution_record` writes it: a line for each expert that was chosen. */
export function csvOf(layers: Readonly<Record<string, readonly number[]>>): string {
  const lines = layersOf(layers).flatMap(([layer, counts]) =>
    counts.flatMap((count, expert) => (count > 0 ? [`${layer},${expert},${count}`] : [])),
  );
  return `${['layer_id,expert_id,count', ...lines].join('\n')}\n`;
}

/** The shade of a cell, 0 … `numShades` - 1: by how often an expert was chosen against an even choice. */
export function shadeOf(
  count: number,
  total: number,
  numExperts: number,
  numShades: number,
): number {
  if (count === 0 || total === 0) return 0;
  const share = (count * numExperts) / total;
  // Even = the middle; each shade is a factor of the square root of two.
  const shade = Math.round(numShades / 2 + 2 * Math.log2(share));
  return Math.min(numShades - 1, Math.max(1, shade));
}
