/**
 * What watchers see of the trees. Nobody watching costs nothing: no tree has an observer then, and nodes get their
 * numbers and counts when they are first shown, or matched while somebody watches.
 */
import type { Evicted, Evictions, TreesSeen, TreesView, TreesWish } from '../core/tree-view.js';
import type { TreeKey } from '../messages.js';
import { LookTimes } from './look-times.js';
import { NodeMarks } from './node-marks.js';
import type { PrefixCache, TreeObserver } from './prefix-cache.js';
import type { RadixNode } from './radix-node.js';
import { cutTree } from './tree-cut.js';
import { layOut } from './tree-layout.js';
import { showNodes, type SeenTree } from './tree-shown.js';

/** Evictions that are told one by one. */
const NEWEST_MAX = 64;

export class TreeWatch {
  readonly #caches: ReadonlyMap<TreeKey, PrefixCache>;
  readonly #nowMs: () => number;
  readonly #marks = new NodeMarks();
  #isOn = false;
  /** By id, those that the last look has shown. */
  #shown = new Map<number, RadixNode>();
  #times = new Map<TreeKey, LookTimes>();
  #evictions = { numNodes: 0, numTokens: 0, newest: [] as Evicted[] };

  /** @param nowMs epoch milliseconds */
  constructor(caches: ReadonlyMap<TreeKey, PrefixCache>, nowMs: () => number) {
    this.#caches = caches;
    this.#nowMs = nowMs;
  }

  /** A tree was opened: it is watched too, if any is. */
  opened(tree: TreeKey, cache: PrefixCache): void {
    if (this.#isOn) cache.observer = this.#observerOf(tree, cache);
  }

  /** The trees as each wish has them. The first look begins the watch. */
  look(wishes: readonly TreesWish[]): TreesSeen {
    if (!this.#isOn) this.#begin();
    const trees = this.#layOutAll();
    const shown = new Map<number, RadixNode>();
    const views = wishes.map((wish) => this.#view(wish, trees, shown));
    this.#shown = shown;
    const evictions: Evictions = { ...this.#evictions, newest: [...this.#evictions.newest] };
    return { views, evictions };
  }

  /** Nobody watches any more. */
  stop(): void {
    this.#isOn = false;
    for (const cache of this.#caches.values()) cache.observer = null;
    this.#shown = new Map();
    this.#times = new Map();
    this.#evictions = { numNodes: 0, numTokens: 0, newest: [] };
  }

  /** The number that watchers know a node by. */
  idOf(node: RadixNode): number {
    return this.#marks.of(node).id;
  }

  #begin(): void {
    this.#isOn = true;
    this.#marks.begin();
    for (const [tree, cache] of this.#caches) this.opened(tree, cache);
  }

  #observerOf(tree: TreeKey, { pageSizeTokens }: PrefixCache): TreeObserver {
    return {
      matched: (end) => {
        this.#marks.of(end).hits++;
      },
      evicting: (leaf, keep) => {
        const numTokens = (leaf.numPages - keep) * pageSizeTokens;
        this.#noteEviction(tree, leaf, { isPart: keep > 0, numTokens });
      },
    };
  }

  #noteEviction(
    tree: TreeKey,
    leaf: RadixNode,
    { isPart, numTokens }: Pick<Evicted, 'isPart' | 'numTokens'>,
  ): void {
    const { newest } = this.#evictions;
    const { mark, decodeMade, parent } = leaf;
    const num = ++this.#evictions.numNodes;
    this.#evictions.numTokens += numTokens;
    const node = mark?.id ?? null;
    newest.push({ num, atMs: this.#nowMs(), tree, node, numTokens, isPart, decodeMade });
    if (newest.length > NEWEST_MAX) newest.shift();
    // What went through its parent on the way to it went there all the same.
    const numHits = this.#marks.hitsOf(leaf);
    if (!isPart && parent !== null && numHits > 0) this.#marks.of(parent).hits += numHits;
  }

  #layOutAll(): ReadonlyMap<TreeKey, SeenTree> {
    const atMs = this.#nowMs();
    const trees = new Map<TreeKey, SeenTree>();
    const allTimes = new Map<TreeKey, LookTimes>();
    for (const [tree, cache] of this.#caches) {
      const times = this.#times.get(tree) ?? new LookTimes();
      times.look(cache.clock, atMs);
      allTimes.set(tree, times);
      const layout = layOut(cache.reader.roots, (node) => this.#marks.hitsOf(node));
      trees.set(tree, { cache, layout, times });
    }
    this.#times = allTimes;
    return trees;
  }

  #view(
    { focus, maxNodes, wantsHeads }: TreesWish,
    trees: ReadonlyMap<TreeKey, SeenTree>,
    shown: Map<number, RadixNode>,
  ): TreesView {
    const place = placeOf(focus === null ? undefined : this.#shown.get(focus), trees);
    const share = place === null ? Math.floor(maxNodes / Math.max(1, trees.size)) : maxNodes;
    const cuts = [...trees].map(([tree, seen]) => {
      const { layout } = seen;
      const isElsewhere = place !== null && place.tree !== tree;
      const chosen = isElsewhere ? [] : cutTree(layout, place?.index ?? -1, share);
      for (const index of chosen) {
        const node = layout.nodes[index] as RadixNode;
        shown.set(this.#marks.of(node).id, node);
      }
      return { tree, ...showNodes(seen, chosen, { marks: this.#marks, wantsHeads }) };
    });
    return { focus: place === null ? null : focus, trees: cuts };
  }
}

interface Place {
  readonly tree: TreeKey;
  readonly index: number;
}

/** Null = it is in no tree any more. */
function placeOf(node: RadixNode | undefined, trees: ReadonlyMap<TreeKey, SeenTree>): Place | null {
  if (node === undefined) return null;
  for (const [tree, { layout }] of trees) {
    const index = layout.nodes.indexOf(node);
    if (index >= 0) return { tree, index };
  }
  return null;
}
