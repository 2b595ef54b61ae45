/** Makes of chosen nodes what is told of them. */
import { HEAD_TOKENS, type ShownNode, type TreeCut } from '../core/tree-view.js';
import { hiddenParts, NO_PARENT, wholeOf } from './hidden-parts.js';
import type { LookTimes } from './look-times.js';
import type { NodeMarks } from './node-marks.js';
import type { PrefixCache } from './prefix-cache.js';
import type { RadixNode } from './radix-node.js';
import type { TreeLayout } from './tree-layout.js';

/** A tree as one look has found it. */
export interface SeenTree {
  readonly cache: Pick<PrefixCache, 'clock' | 'state'>;
  /** Its counts are matches that went to or through each node. */
  readonly layout: TreeLayout;
  readonly times: LookTimes;
}

const NOTHING = { numNodes: 0, numTokens: 0 };

export function showNodes(
  { cache, layout, times }: SeenTree,
  chosen: readonly number[],
  { marks, wantsHeads }: { readonly marks: NodeMarks; readonly wantsHeads: boolean },
): Omit<TreeCut, 'tree'> {
  const { nodes, parents, widths, counts } = layout;
  const hidden = hiddenParts(layout, chosen);
  /** By index: where the node's own tokens end. */
  const tokenEnds = new Map<number, number>();
  const heads: number[] = [];
  const shown = chosen.map((index): ShownNode => {
    const node = nodes[index] as RadixNode;
    const parent = parents[index] ?? NO_PARENT;
    const above = nodes[parent];
    const start = tokenEnds.get(parent) ?? 0;
    tokenEnds.set(index, start + node.tokens.length);
    const headLen = wantsHeads ? Math.min(HEAD_TOKENS, node.tokens.length) : 0;
    for (let i = 0; i < headLen; i++) heads.push(node.tokens[i] ?? 0);
    return {
      id: marks.of(node).id,
      parent: above === undefined ? null : marks.of(above).id,
      numTokens: node.tokens.length,
      width: widths[index] ?? 0,
      start,
      lastAccess: node.lastAccess,
      usedAtMs: usedAtMs(node, marks, times),
      numHits: counts[index] ?? 0,
      lockRef: node.lockRef,
      decodeMade: node.decodeMade,
      namespace: above === undefined ? marks.numberOf(node.root.namespace) : null,
      hidden: hidden.get(index) ?? NOTHING,
      headLen,
    };
  });
  return {
    ...wholeOf(layout),
    clock: cache.clock,
    epoch: cache.state().epoch,
    hidden: hidden.get(NO_PARENT) ?? NOTHING,
    nodes: shown,
    heads: wantsHeads ? Int32Array.from(heads) : null,
  };
}

/** Stays what it was until the node is used again: one more look at it is no news. */
function usedAtMs(node: RadixNode, marks: NodeMarks, times: LookTimes): number | null {
  const mark = marks.of(node);
  if (mark.seenAccess !== node.lastAccess) {
    mark.seenAccess = node.lastAccess;
    mark.usedAtMs = times.by(node.lastAccess);
  }
  return mark.usedAtMs;
}
