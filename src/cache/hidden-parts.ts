import type { HiddenPart } from '../core/tree-view.js';
import type { TreeLayout } from './tree-layout.js';

/** Place of {@link hiddenParts} for whole trees that are not shown. */
export const NO_PARENT = -1;

/** All nodes of the layout but the tops, which stand for namespaces. */
export function wholeOf(layout: TreeLayout): HiddenPart {
  const whole = { numNodes: 0, numTokens: 0 };
  for (let top = 0; top < layout.nodes.length; top = layout.ends[top] ?? Infinity) {
    whole.numNodes += (layout.ends[top] ?? 0) - top - 1;
    whole.numTokens += layout.widths[top] ?? 0;
  }
  return whole;
}

/** By index of a chosen node: what lies below it and is not chosen. A node is chosen with its parent only. */
export function hiddenParts(
  layout: TreeLayout,
  chosen: readonly number[],
): ReadonlyMap<number, HiddenPart> {
  const { nodes, parents, ends, widths } = layout;
  const parts = new Map<number, { numNodes: number; numTokens: number }>();
  parts.set(NO_PARENT, { ...wholeOf(layout) });
  for (const index of chosen) {
    const numTokens = (widths[index] ?? 0) - (nodes[index]?.tokens.length ?? 0);
    parts.set(index, { numNodes: (ends[index] ?? 0) - index - 1, numTokens });
  }
  for (const index of chosen) {
    const parent = parents[index] ?? NO_PARENT;
    const part = parts.get(parent);
    if (part === undefined) throw new Error('this is a bug: a node is chosen without its parent');
    // A top is no node of its own.
    const own = parent === NO_PARENT ? 0 : 1;
    part.numNodes -= (ends[index] ?? 0) - index - 1 + own;
    part.numTokens -= widths[index] ?? 0;
  }
  return parts;
}
