import t, { type Test } from 'tap';

import type { PrefixCache } from '../../../src/cache/prefix-cache.js';
import { RadixTree } from '../../../src/cache/radix-tree.js';
import { cutTree } from '../../../src/cache/tree-cut.js';
import { layOut } from '../../../src/cache/tree-layout.js';
import { TreeWatch } from '../../../src/cache/tree-watch.js';
import { seededRandom } from '../../../src/core/clock.js';
import type { ShownNode, TreeCut, TreesView, TreesWish } from '../../../src/core/tree-view.js';

const PAGE = 2;
const ALL: TreesWish = { focus: null, maxNodes: 1024, wantsHeads: false };

interface Kept {
  readonly namespace?: string;
  /** Rows from here on are made by decoding. */
  readonly prefillTokens?: number;
}

class Rig {
  readonly tree: RadixTree;
  readonly caches: Map<string, PrefixCache>;
  readonly watch: TreeWatch;
  nowMs = 1000;

  constructor(numPages = 64) {
    this.tree = new RadixTree(numPages, PAGE);
    this.caches = new Map([['0:0', this.tree]]);
    this.watch = new TreeWatch(this.caches, () => this.nowMs);
  }

  /** Caches all whole pages of the tokens. */
  keep(tokens: readonly number[] | Int32Array, { namespace = '', prefillTokens }: Kept = {}): this {
    const ids = Int32Array.from(tokens);
    const numPages = Math.floor(ids.length / PAGE);
    const pages = this.tree.lease(numPages);
    if (pages.length < numPages) throw new Error('too few pages');
    this.tree.insert({
      namespace,
      tenant: '',
      tokens: ids,
      pages,
      ownFrom: 0,
      prefillTokens: prefillTokens ?? ids.length,
      lock: 0,
      relock: false,
    });
    return this;
  }

  /** @returns the lock */
  match(tokens: readonly number[], namespace = ''): number {
    const ids = Int32Array.from(tokens);
    const lengths = { maxTokens: ids.length, prefillTokens: ids.length };
    return this.tree.match({ namespace, tokens: ids, ...lengths, strict: false }).lock;
  }

  look(wish: Partial<TreesWish> = {}): TreesView {
    const [view] = this.watch.look([{ ...ALL, ...wish }]).views;
    if (view === undefined) throw new Error('no view');
    return view;
  }

  cut(wish: Partial<TreesWish> = {}): TreeCut {
    const [cut] = this.look(wish).trees;
    if (cut === undefined) throw new Error('no tree');
    return cut;
  }
}

const byTokens = (numTokens: number) => (node: ShownNode) => node.numTokens === numTokens;

t.test('shows the tree as it is, with what lies below each node', (t) => {
  const rig = new Rig()
    .keep([1, 2, 3, 4, 5, 6])
    .keep([1, 2, 7, 8])
    .keep([9, 9], { namespace: 'k' });
  const cut = rig.cut();
  t.match(cut, { tree: '0:0', numNodes: 4, numTokens: 10, hidden: { numNodes: 0, numTokens: 0 } });
  const tops = cut.nodes.filter(({ parent }) => parent === null);
  t.same(tops.map(({ namespace, width, numTokens }) => [namespace, width, numTokens]).sort(), [
    [0, 8, 0],
    [1, 2, 0],
  ]);
  const shared = cut.nodes.find((node) => node.numTokens === 2 && node.width === 8);
  const below = cut.nodes.filter(({ parent }) => parent === shared?.id);
  t.same(below.map(({ numTokens, start, namespace }) => [numTokens, start, namespace]).sort(), [
    [2, 2, null],
    [4, 2, null],
  ]);
  t.notOk(JSON.stringify(cut).includes('"k"'), 'a namespace is a number');
  t.end();
});

t.test('an id is a node’s for as long as it lives, also when it is split', (t) => {
  const rig = new Rig().keep([1, 2, 3, 4, 5, 6]);
  const before = rig.cut().nodes.find(byTokens(6));
  rig.keep([1, 2, 7, 8]);
  const after = rig.cut().nodes;
  t.equal(after.find(byTokens(4))?.id, before?.id, 'its end keeps it');
  t.equal(new Set(after.map(({ id }) => id)).size, after.length);
  rig.watch.stop();
  const again = rig.cut().nodes;
  t.same(again.map(({ id }) => id).sort(), after.map(({ id }) => id).sort());
  rig.tree.flush();
  rig.keep([1, 2, 3, 4, 5, 6]);
  const fresh = rig.cut().nodes.map(({ id }) => id);
  t.notOk(
    fresh.some((id) => after.some((node) => node.id === id)),
    'none is given twice',
  );
  t.end();
});

t.test('counts matches while somebody watches, on the whole path', (t) => {
  const rig = new Rig().keep([1, 2, 3, 4]).keep([1, 2, 5, 6]);
  rig.tree.unlock(rig.match([1, 2, 3, 4]));
  const hits = (): unknown =>
    Object.fromEntries(
      rig.cut().nodes.map(({ width, start, numHits }) => [`${start}+${width}`, numHits]),
    );
  t.match(hits(), { '0+6': 0 }, 'nobody watched');
  rig.tree.unlock(rig.match([1, 2, 3, 4]));
  rig.tree.unlock(rig.match([1, 2, 3, 4]));
  rig.tree.unlock(rig.match([1, 2, 9, 9]));
  const nodes = rig.cut().nodes;
  t.equal(nodes.find(({ parent }) => parent === null)?.numHits, 3);
  t.equal(nodes.find(({ start, numTokens }) => start === 0 && numTokens === 2)?.numHits, 3);
  t.same(
    nodes
      .filter(({ start }) => start === 2)
      .map(({ numHits }) => numHits)
      .sort(),
    [0, 2],
  );
  rig.watch.stop();
  t.equal(rig.tree.observer, null, 'nothing is counted any more');
  rig.tree.unlock(rig.match([1, 2, 3, 4]));
  t.ok(
    rig.cut().nodes.every(({ numHits }) => numHits === 0),
    'another watch begins at 0',
  );
  t.end();
});

t.test('says by when a node was used, as far as somebody looked', (t) => {
  const rig = new Rig().keep([1, 2]).keep([3, 4]);
  const used = (first: number): number | null =>
    rig.cut({ wantsHeads: true }).nodes.find((node, i, all) => {
      const from = all.slice(0, i).reduce((sum, { headLen }) => sum + headLen, 0);
      return node.headLen > 0 && (rig.cut({ wantsHeads: true }).heads?.[from] ?? 0) === first;
    })?.usedAtMs ?? null;
  t.equal(used(1), null, 'before the first look');
  rig.nowMs = 2000;
  rig.tree.unlock(rig.match([1, 2]));
  t.equal(used(1), 2000);
  rig.nowMs = 3000;
  rig.tree.unlock(rig.match([3, 4]));
  t.equal(used(3), 3000);
  t.equal(used(1), 2000, 'a look is no use');
  t.end();
});

t.test('locks, and rows that decoding made', (t) => {
  const rig = new Rig().keep([1, 2, 3, 4], { prefillTokens: 2 });
  const lock = rig.match([1, 2]);
  const nodes = rig.cut().nodes.filter(({ parent }) => parent !== null);
  t.match(nodes, [
    { lockRef: 1, decodeMade: false },
    { lockRef: 0, decodeMade: true },
  ]);
  rig.tree.unlock(lock);
  t.equal(rig.cut().nodes[1]?.lockRef, 0);
  t.end();
});

t.test('evictions as they happen', (t) => {
  const rig = new Rig(3).keep([1, 2, 3, 4, 5, 6]);
  const { id } = rig.cut().nodes[1] ?? {};
  rig.nowMs = 5000;
  rig.tree.giveBack(rig.tree.lease(1));
  rig.tree.giveBack(rig.tree.lease(3));
  const { evictions } = rig.watch.look([ALL]);
  t.match(evictions, { numNodes: 2, numTokens: 6 });
  t.match(evictions.newest, [
    { num: 1, atMs: 5000, tree: '0:0', node: id, numTokens: 2, isPart: true },
    { num: 2, node: id, numTokens: 4, isPart: false },
  ]);
  rig.watch.stop();
  rig.keep([1, 2]);
  rig.tree.lease(4);
  t.equal(rig.watch.look([ALL]).evictions.numNodes, 0, 'only while somebody watches');
  t.end();
});

t.test('a focus shows its subtree and the way to it, until it has gone', (t) => {
  const rig = new Rig().keep([1, 2, 3, 4, 5, 6]).keep([1, 2, 3, 4, 7, 8]).keep([1, 2, 9, 9]);
  const middle = rig.cut().nodes.find(({ start, width }) => start === 2 && width === 6);
  const view = rig.look({ focus: middle?.id ?? 0, maxNodes: 16 });
  t.equal(view.focus, middle?.id);
  const shown = view.trees[0]?.nodes ?? [];
  t.same(
    shown.map(({ start, width }) => [start, width]).sort(),
    [
      [0, 10],
      [0, 8 + 2],
      [2, 6],
      [4, 2],
      [4, 2],
    ].sort(),
  );
  const hidden = shown.find(({ start, numTokens }) => start === 0 && numTokens === 2)?.hidden;
  t.same(hidden, { numNodes: 1, numTokens: 2 }, 'beside the way');
  rig.tree.flush();
  t.equal(rig.look({ focus: middle?.id ?? 0 }).focus, null);
  t.equal(rig.look({ focus: 12345 }).focus, null, 'no such node');
  t.end();
});

t.test('a tree that is opened meanwhile is watched too', (t) => {
  const rig = new Rig();
  rig.look();
  const next = new RadixTree(8, PAGE);
  rig.caches.set('0:1', next);
  rig.watch.opened('0:1', next);
  t.not(next.observer, null);
  t.same(
    rig.look().trees.map(({ tree }) => tree),
    ['0:0', '0:1'],
  );
  t.end();
});

/** What is shown, and what is summed up, is all of the tree. */
function checkSums(t: Test, cut: TreeCut): void {
  const children = new Map<number | null, ShownNode[]>();
  for (const node of cut.nodes) {
    children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
    const parent = cut.nodes.find(({ id }) => id === node.parent);
    t.equal(node.parent === null, parent === undefined, 'no node without its parent');
    if (parent !== undefined) t.equal(node.start, parent.start + parent.numTokens);
  }
  for (const node of cut.nodes) {
    const below = children.get(node.id) ?? [];
    const shown = below.reduce((sum, { width }) => sum + width, 0);
    t.equal(node.width, node.numTokens + shown + node.hidden.numTokens);
  }
  const tops = children.get(null) ?? [];
  const width = tops.reduce((sum, top) => sum + top.width, 0) + cut.hidden.numTokens;
  const hidden = cut.nodes.reduce((sum, node) => sum + node.hidden.numNodes, cut.hidden.numNodes);
  t.equal(width, cut.numTokens);
  t.equal(cut.nodes.length - tops.length + hidden, cut.numNodes);
}

t.test('random trees: sums hold however they are cut', (t) => {
  const seed = Number(process.argv[2] ?? 1);
  const random = seededRandom(seed);
  for (let round = 0; round < 60; round++) {
    const rig = new Rig(256);
    for (let i = 0; i < 40; i++) {
      const length = 2 * (1 + Math.floor(random() * 6));
      const tokens = Array.from({ length }, () => Math.floor(random() * 2));
      rig.keep(tokens, { namespace: random() < 0.3 ? String(Math.floor(random() * 9)) : '' });
    }
    for (const maxNodes of [3, 16, 1024]) {
      const cut = rig.cut({ maxNodes });
      checkSums(t, cut);
      t.ok(cut.nodes.length <= maxNodes, `seed ${seed}`);
      t.equal(cut.numNodes, rig.tree.state().numNodes);
      const focus = cut.nodes[Math.floor(random() * cut.nodes.length)];
      const [zoomed] = rig.look({ focus: focus?.id ?? null, maxNodes }).trees;
      if (zoomed !== undefined) checkSums(t, zoomed);
    }
  }
  t.equal(typeof seed, 'number');
  t.end();
});

t.test('of 100,000 nodes those are shown that can be seen', (t) => {
  const rig = new Rig(400_000);
  // 100 prompts with 1,000 continuations each, of which the first ones are the longest.
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 1000; j++) {
      const rest = j < 3 ? 200 : 2;
      rig.keep([i, 0, i, 1, j, 1, ...Array.from({ length: rest }, (_, k) => k)]);
    }
  }
  const cut = rig.cut({ maxNodes: 512 });
  t.ok(cut.numNodes >= 100_000, `${cut.numNodes} nodes`);
  t.ok(cut.nodes.length <= 512);
  t.ok(cut.nodes.length >= 400, `${cut.nodes.length} shown`);
  checkSums(t, cut);
  const narrowest = Math.min(...cut.nodes.map(({ width }) => width));
  t.ok(narrowest >= 200, 'the widest ones');
  t.ok(JSON.stringify(cut).length < 200_000, 'a bound of what is told');
  // What a cut looks at grows with what can be seen, not with the tree: whole subtrees are stepped over.
  const layout = layOut(rig.tree.reader.roots, () => 0);
  let numLooks = 0;
  const widths = new Proxy(layout.widths, {
    get: (target, key) => {
      numLooks++;
      return Reflect.get(target, key, target) as unknown;
    },
  });
  // Index 1 is the first prompt: there are 1,000 nodes below it, and below two of these.
  t.equal(cutTree({ ...layout, widths }, 1, 512)[1], 1);
  t.ok(numLooks < 10_000, `${numLooks} looks`);
  t.end();
});
