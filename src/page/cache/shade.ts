import type { CacheNode } from '../../api/ws/watch/types.js';

export const COLOURINGS = ['Age', 'Hits'] as const;
export type Colouring = (typeof COLOURINGS)[number];

/** What is behind the newest use by so many uses of the tree gets the shade of its place. */
const AGES = [4, 16, 64, 256, 1024] as const;
const HITS = [1, 2, 4, 16, 64] as const;

/** @param clock of its tree */
export function shadeOf(node: CacheNode, clock: number, colouring: Colouring): number {
  if (colouring === 'Hits') return HITS.filter((bound) => (node.hits ?? 0) >= bound).length;
  const age = Math.max(0, clock - node.used);
  return AGES.filter((bound) => age < bound).length;
}
