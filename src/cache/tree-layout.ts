/** All nodes of one device's trees in a row, with what lies below each: one walk, from which any part can be cut. */
import type { RadixNode, RadixRoot } from './radix-node.js';

/**
 * Preorder: below node `i` lie the nodes `(i, ends[i])`, its first child is `i + 1`, and the next child of its parent
 * `ends[i]`. Tops are among them; they have no tokens of their own.
 */
export interface TreeLayout {
  readonly nodes: readonly RadixNode[];
  /** `[numNodes]`; -1 = a top. */
  readonly parents: Int32Array;
  /** `[numNodes]` */
  readonly ends: Int32Array;
  /** `[numNodes]`: tokens of the node and of all below. */
  readonly widths: Float64Array;
}

export function layOut(roots: Iterable<RadixRoot>): TreeLayout {
  const nodes: RadixNode[] = [];
  const parents: number[] = [];
  const pending: (readonly [node: RadixNode, parent: number])[] = [];
  for (const { top } of roots) pending.push([top, -1]);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, parent] = next;
    const index = nodes.push(node) - 1;
    parents.push(parent);
    for (const child of node.children?.values() ?? []) pending.push([child, index]);
  }
  return { nodes, parents: Int32Array.from(parents), ...sumUp(nodes, parents) };
}

function sumUp(
  nodes: readonly RadixNode[],
  parents: readonly number[],
): Pick<TreeLayout, 'ends' | 'widths'> {
  const ends = new Int32Array(nodes.length);
  const widths = new Float64Array(nodes.length);
  // Children come behind their parents: backwards all sums are there when they are needed.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const end = Math.max(ends[i] ?? 0, i + 1);
    const width = (widths[i] ?? 0) + (nodes[i]?.tokens.length ?? 0);
    const parent = parents[i] ?? -1;
    ends[i] = end;
    widths[i] = width;
    if (parent < 0) continue;
    ends[parent] = Math.max(ends[parent] ?? 0, end);
    widths[parent] = (widths[parent] ?? 0) + width;
  }
  return { ends, widths };
}

/** Adds up a number of each node over the node and all below it: `[numNodes]`. */
export function sumBelow(
  { nodes, parents }: TreeLayout,
  valueOf: (node: RadixNode) => number,
): Float64Array {
  const sums = new Float64Array(nodes.length);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const sum = (sums[i] ?? 0) + (node === undefined ? 0 : valueOf(node));
    const parent = parents[i] ?? -1;
    sums[i] = sum;
    if (parent >= 0) sums[parent] = (sums[parent] ?? 0) + sum;
  }
  return sums;
}
