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
  /** `[numNodes]`: what is counted of the node and of all below. */
  readonly counts: Float64Array;
}

/** Some milliseconds for 10^5 nodes. @param countOf what is to be added up beside the tokens */
export function layOut(
  roots: Iterable<RadixRoot>,
  countOf: (node: RadixNode) => number,
): TreeLayout {
  const nodes: RadixNode[] = [];
  const above: number[] = [];
  /** What is still to be walked. */
  const pending: RadixNode[] = [];
  const pendingAbove: number[] = [];
  for (const { top } of roots) {
    pending.push(top);
    pendingAbove.push(-1);
  }
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    above.push(pendingAbove.pop() ?? -1);
    const index = nodes.push(node) - 1;
    if (node.children === null) continue;
    for (const child of node.children.values()) {
      pending.push(child);
      pendingAbove.push(index);
    }
  }
  return { nodes, ...addUp(nodes, new Int32Array(above), countOf) };
}

function addUp(
  nodes: readonly RadixNode[],
  parents: Int32Array,
  countOf: (node: RadixNode) => number,
): Omit<TreeLayout, 'nodes'> {
  const ends = new Int32Array(nodes.length);
  const widths = new Float64Array(nodes.length);
  const counts = new Float64Array(nodes.length);
  // Children come behind their parents: backwards all sums are there when they are needed.
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as RadixNode;
    const end = Math.max(ends[i] as number, i + 1);
    const width = (widths[i] as number) + node.tokens.length;
    const count = (counts[i] as number) + countOf(node);
    ends[i] = end;
    widths[i] = width;
    counts[i] = count;
    const parent = parents[i] as number;
    if (parent < 0) continue;
    ends[parent] = Math.max(ends[parent] as number, end);
    widths[parent] = (widths[parent] as number) + width;
    counts[parent] = (counts[parent] as number) + count;
  }
  return { parents, ends, widths, counts };
}
