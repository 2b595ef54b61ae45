/** Which nodes of a tree are worth showing, when there are more than anybody can see. */
import { wholeOf } from './hidden-parts.js';
import type { TreeLayout } from './tree-layout.js';

/** What is narrower than this part of the whole is not seen on any screen. */
const VISIBLE_PARTS = 4096;

/**
 * The widest nodes of the subtree of node `focus` (-1 = all trees) and the whole path to it. No node is wider than its
 * parent, so the widest ones hang together. Costs a look at what can be seen and at the children of that.
 * @returns indices of the layout, in its order
 */
export function cutTree(layout: TreeLayout, focus: number, maxNodes: number): readonly number[] {
  const { nodes, ends, widths } = layout;
  const path = focus < 0 ? [] : pathTo(layout, focus);
  const from = focus < 0 ? 0 : focus + 1;
  const to = focus < 0 ? nodes.length : (ends[focus] ?? 0);
  const seen = visible(layout, [from, to], leastWidth(layout, focus));
  if (seen.length <= maxNodes) return [...path, ...seen];
  const width = (index: number): number => widths[index] ?? 0;
  // Of equals the first come first: a parent is before its children.
  const widest = seen.sort((a, b) => width(b) - width(a) || a - b).slice(0, maxNodes);
  return [...path, ...widest.sort((a, b) => a - b)];
}

/** From its top down to the node itself. */
function pathTo({ parents }: TreeLayout, focus: number): number[] {
  const path: number[] = [];
  for (let at = focus; at >= 0; at = parents[at] ?? -1) path.push(at);
  return path.reverse();
}

function leastWidth(layout: TreeLayout, focus: number): number {
  const whole = focus < 0 ? wholeOf(layout).numTokens : (layout.widths[focus] ?? 0);
  return whole / VISIBLE_PARTS;
}

/** Those of `[from, to)` that are at least so wide. */
function visible(
  { ends, widths }: TreeLayout,
  [from, to]: readonly [number, number],
  least: number,
): number[] {
  const seen: number[] = [];
  let at = from;
  while (at < to) {
    const isWide = (widths[at] ?? 0) >= least;
    if (isWide) seen.push(at);
    at = isWide ? at + 1 : (ends[at] ?? to);
  }
  return seen;
}
