import t from 'tap';

import type { CacheNode, CacheState, TreeView } from '../../../../src/api/ws/watch/types.js';
import { layIcicle, neighbourOf } from '../../../../src/page/cache/icicle.js';
import { shadeOf } from '../../../../src/page/cache/shade.js';

const node = (tokens: number, width: number, parent?: number): CacheNode => ({
  tokens,
  width,
  depth: 0,
  used: 0,
  ...(parent === undefined ? {} : { parent }),
});

const tree = (shown: Record<number, CacheNode>, more: Partial<TreeView> = {}): TreeView => ({
  nodes: 0,
  tokens: 0,
  clock: 0,
  epoch: 1,
  shown,
  ...more,
});

/** 1 ─ 2 (32 of its own) ─ 3 (16), 4 (48 with what is hidden below it) */
const ONE = tree({
  1: node(0, 96),
  2: node(32, 96, 1),
  3: node(16, 16, 2),
  4: { ...node(16, 48, 2), hidden: { nodes: 2, tokens: 32 } },
});

const lay = (trees: CacheState['trees'], focus?: number) =>
  layIcicle({ trees, ...(focus === undefined ? {} : { focus }) }).map(
    ({ id, level, x, width }) => `${id ?? '+'}@${level} ${x.toFixed(3)}+${width.toFixed(3)}`,
  );

t.test('a node is as wide as what it and all below it hold, the widest child first', (t) => {
  t.same(lay({ '0:1': ONE }), [
    '1@0 0.000+1.000',
    '2@1 0.000+1.000',
    '4@2 0.000+0.500',
    '3@2 0.500+0.167',
    '+@3 0.000+0.333',
  ]);
  t.end();
});

t.test('devices stand beside each other', (t) => {
  const two = tree({ 9: node(0, 32) }, { hidden: { nodes: 1, tokens: 16 } });
  const slabs = lay({ '0:1': ONE, '1:1': two });
  t.same(
    slabs.filter((one) => one.includes('@0')),
    ['1@0 0.000+0.667', '9@0 0.667+0.222', '+@0 0.889+0.111'],
  );
  t.end();
});

t.test('what is in focus is as wide as the picture, below the path to it', (t) => {
  t.same(lay({ '0:1': ONE }, 4), [
    '1@0 0.000+1.000',
    '2@1 0.000+1.000',
    '4@2 0.000+1.000',
    '+@3 0.000+0.667',
  ]);
  t.same(lay({ '0:1': ONE }, 77).length, 5, 'a focus that has gone');
  t.end();
});

t.test('an empty tree is nothing, and a top without tokens can be seen', (t) => {
  t.same(lay({}), []);
  t.same(lay({ '0:1': tree({}) }), []);
  t.same(lay({ '0:1': tree({ 1: node(0, 0) }) }), ['1@0 0.000+1.000']);
  t.end();
});

t.test('slabs too narrow to be pointed at are left out', (t) => {
  const wide = tree({ 1: node(0, 100_000), 2: node(99_984, 99_984, 1), 3: node(16, 16, 1) });
  t.same(
    layIcicle({ trees: { '0:1': wide } }).map(({ id }) => id),
    [1, 2],
  );
  t.end();
});

t.test('arrow keys lead from slab to slab', (t) => {
  const slabs = layIcicle({ trees: { '0:1': ONE } });
  const from = (key: string, arrow: string) => neighbourOf(slabs, key, arrow)?.key ?? null;
  t.equal(from('0:1#1', 'ArrowDown'), '0:1#2');
  t.equal(from('0:1#2', 'ArrowDown'), '0:1#4');
  t.equal(from('0:1#4', 'ArrowRight'), '0:1#3');
  t.equal(from('0:1#3', 'ArrowRight'), null);
  t.equal(from('0:1#3', 'ArrowLeft'), '0:1#4');
  t.equal(from('0:1#3', 'ArrowUp'), '0:1#2');
  t.equal(from('0:1#1', 'ArrowUp'), null);
  t.equal(from('0:1#1', 'x'), null);
  t.end();
});

t.test('the newest and the most hit are the strongest', (t) => {
  const used = (at: number) => shadeOf({ ...node(16, 16), used: at }, 2000, 'Age');
  t.same([2000, 1990, 1950, 1800, 1000, 0].map(used), [5, 4, 3, 2, 1, 0]);
  const hit = (hits: number) => shadeOf({ ...node(16, 16), hits }, 0, 'Hits');
  t.same([0, 1, 3, 5, 20, 999].map(hit), [0, 1, 2, 3, 4, 5]);
  t.end();
});
