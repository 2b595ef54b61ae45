import type {
  Evicted,
  HiddenPart,
  ShownNode,
  TreeCut,
  TreesSeen,
  TreesView,
  TreesWish,
} from '../../../core/tree-view.js';
import type { CacheReads } from '../../../engine/cache-reads.js';
import { NodeTexts, type DecodeIds } from './node-texts.js';
import type { TokenRates } from './token-rates.js';
import type { CacheNode, CacheState, Eviction, HiddenNodes, TreeView } from './types.js';

/** Between two looks at the trees, */
const LOOK_MS = 500;
/** and more for each node: a look goes through all of them. At 10^5 nodes it is one in two seconds. */
const LOOK_MS_PER_NODE = 0.02;

export interface CacheTopicOptions {
  readonly cache: CacheReads;
  readonly rates: TokenRates;
  readonly isEnabled: boolean;
  readonly pageSizeTokens: number;
  /** Null with `--skip-tokenizer-init`. */
  readonly decode: DecodeIds | null;
}

type Trees = CacheState['trees'];

/** Which part of the trees a watcher sees. */
export type CacheSight = Pick<TreesWish, 'focus' | 'maxNodes'>;

/** The radix trees, as each watcher's wish cuts them. */
export class CacheTopic {
  readonly #options: CacheTopicOptions;
  readonly #texts: NodeTexts | null;
  #nextLookMs = 0;
  /** By {@link keyOf}. */
  #views = new Map<string, TreesView>();
  /** What has been made of them, for who may see texts and for who may not: the same until the next look. */
  readonly #trees = {
    withText: new Map<TreesView, Trees>(),
    withoutText: new Map<TreesView, Trees>(),
  };
  #evictions: TreesSeen['evictions'] = { numNodes: 0, numTokens: 0, newest: [] };

  constructor(options: CacheTopicOptions) {
    this.#options = options;
    this.#texts = options.decode === null ? null : new NodeTexts(options.decode);
  }

  /** Nobody watches it any more. */
  end(): void {
    // A thread that does not answer is the watchdog's affair.
    this.#options.cache.stopLooking().catch(() => undefined);
  }

  /** Looks at the trees when it is time, or when somebody wants to see another part of them. */
  async read(sights: readonly CacheSight[], wantsText: boolean, nowMs: number): Promise<void> {
    const wanted = new Map(sights.map((sight) => [keyOf(sight), sight]));
    const isKnown = [...wanted.keys()].every((key) => this.#views.has(key));
    if (isKnown && nowMs < this.#nextLookMs) return;
    const wantsHeads = wantsText && this.#texts !== null;
    const wishes = [...wanted.values()].map((sight) => ({ ...sight, wantsHeads }));
    const { views, evictions } = await this.#options.cache.look(wishes);
    this.#views = new Map([...wanted.keys()].flatMap((key, i) => pairOf(key, views[i])));
    this.#evictions = evictions;
    this.#trees.withText.clear();
    this.#trees.withoutText.clear();
    const numNodes = views[0]?.trees.reduce((sum, tree) => sum + tree.numNodes, 0) ?? 0;
    this.#nextLookMs = nowMs + Math.max(LOOK_MS, numNodes * LOOK_MS_PER_NODE);
    if (wantsHeads) this.#texts.read(views.flatMap(({ trees }) => trees));
  }

  /** Null before the first look. */
  state(sight: CacheSight, showsText: boolean): CacheState | null {
    const view = this.#views.get(keyOf(sight));
    if (view === undefined) return null;
    const { isEnabled, pageSizeTokens, rates } = this.#options;
    const { numNodes, numTokens, newest } = this.#evictions;
    return {
      enabled: isEnabled,
      page_size: pageSizeTokens,
      ...(view.focus === null ? {} : { focus: view.focus }),
      trees: this.#treesOf(view, showsText),
      hits: rates.hits.byNumber(),
      evictions: {
        nodes: numNodes,
        tokens: numTokens,
        newest: Object.fromEntries(newest.map((one) => [one.num, evictionOf(one)])),
      },
    };
  }

  #treesOf(view: TreesView, showsText: boolean): Trees {
    const made = showsText ? this.#trees.withText : this.#trees.withoutText;
    const trees = made.get(view) ?? treesOf(view, showsText ? this.#texts : null);
    made.set(view, trees);
    return trees;
  }
}

function treesOf({ trees }: TreesView, texts: NodeTexts | null): Trees {
  return Object.fromEntries(trees.map((cut) => [cut.tree, viewOf(cut, texts)]));
}

function keyOf({ focus, maxNodes }: CacheSight): string {
  return `${focus ?? ''}/${maxNodes}`;
}

function pairOf<T>(key: string, value: T | undefined): [string, T][] {
  return value === undefined ? [] : [[key, value]];
}

function viewOf(cut: TreeCut, texts: NodeTexts | null): TreeView {
  return {
    nodes: cut.numNodes,
    tokens: cut.numTokens,
    clock: cut.clock,
    epoch: cut.epoch,
    ...hiddenOf(cut.hidden),
    shown: Object.fromEntries(cut.nodes.map((node) => [node.id, nodeOf(node, texts)])),
  };
}

function nodeOf(node: ShownNode, texts: NodeTexts | null): CacheNode {
  const text = texts?.of(node) ?? null;
  return {
    ...(node.parent === null ? {} : { parent: node.parent }),
    tokens: node.numTokens,
    width: node.width,
    depth: node.start,
    used: node.lastAccess,
    ...(node.usedAtMs === null ? {} : { used_at: node.usedAtMs }),
    ...(node.numHits === 0 ? {} : { hits: node.numHits }),
    ...(node.lockRef === 0 ? {} : { locks: node.lockRef }),
    ...(node.decodeMade ? { decoded: true } : {}),
    ...(node.namespace === null ? {} : { namespace: node.namespace }),
    ...hiddenOf(node.hidden),
    ...(text === null ? {} : { text }),
  };
}

function hiddenOf({ numNodes, numTokens }: HiddenPart): { readonly hidden?: HiddenNodes } {
  return numTokens === 0 ? {} : { hidden: { nodes: numNodes, tokens: numTokens } };
}

function evictionOf({ atMs, tree, node, numTokens, isPart, decodeMade }: Evicted): Eviction {
  return {
    at: atMs,
    device: tree,
    ...(node === null ? {} : { node }),
    tokens: numTokens,
    ...(isPart ? { partly: true } : {}),
    ...(decodeMade ? { decoded: true } : {}),
  };
}
