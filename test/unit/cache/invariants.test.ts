import t from 'tap';
import { StateSnapshots } from '../../../src/cache/state-snapshots.js';
import { EvictionQueue } from '../../../src/cache/eviction.js';
import { findViolations, type TreeView } from '../../../src/cache/invariants.js';
import { PageAllocator } from '../../../src/cache/page-allocator.js';
import { PathLocks } from '../../../src/cache/path-locks.js';
import { RadixNode, RadixRoot } from '../../../src/cache/radix-node.js';

/** Pages 0-2 in a path of two nodes, the upper one locked by lock 1; page 3 leased; the others free. */
function soundTree() {
  const pool = new PageAllocator(6);
  pool.adopt(pool.lease(4).subarray(0, 3));
  const root = new RadixRoot('', 1);
  const upper = new RadixNode(root, Int32Array.of(7, 8), Int32Array.of(0, 1), false, '');
  const leaf = new RadixNode(root, Int32Array.of(9), Int32Array.of(2), true, '');
  root.top.addChild(upper);
  upper.addChild(leaf);
  const queue = new EvictionQueue();
  queue.add(leaf);
  const states = new StateSnapshots(3);
  const locks = new PathLocks(pool, queue, states);
  locks.take(upper, 1);
  const view: TreeView = {
    pool,
    roots: new Map([['', root]]),
    locks: locks.all(),
    numLockedPages: locks.numLockedPages,
    queue: queue.nodes(),
    states,
  };
  return { view, pool, root, upper, leaf, queue, states };
}

type Tree = ReturnType<typeof soundTree>;

/** What is broken, how, and a word of the violation that must be reported. */
const BREAKS: readonly (readonly [
  string,
  RegExp,
  (tree: Tree) => Partial<TreeView> | undefined,
])[] = [
  ['a lost lock', /has lockRef 1, not 0/, () => ({ locks: new Map() })],
  ['a wrong lock count', /has lockRef 2, not 1/, ({ upper }) => void (upper.lockRef = 2)],
  ['a wrong sum of locked pages', /2 pages are locked, 5/, () => ({ numLockedPages: 5 })],
  ['a page in two nodes', /page 1 is in two places/, ({ leaf }) => void (leaf.pages[0] = 1)],
  ['a leased page in a node', /page 3 is cached, not so/, ({ leaf }) => void (leaf.pages[0] = 3)],
  [
    'a freed page in a node',
    /page 2 is in two places/,
    ({ pool }) => {
      pool.release(Int32Array.of(2));
      return undefined;
    },
  ],
  [
    'a page in no place',
    /3 pages nowhere, 1 leased/,
    ({ upper }) => {
      upper.pages = new Int32Array(0);
      return undefined;
    },
  ],
  [
    'tokens that are not the pages',
    /has 1 tokens/,
    ({ upper }) => {
      upper.tokens = Int32Array.of(7);
      return undefined;
    },
  ],
  ['a wrong first token', /is filed wrongly/, ({ upper }) => void (upper.tokens[0] = 6)],
  [
    'an evictable leaf that is not queued',
    /queued wrongly/,
    ({ queue, leaf }) => {
      queue.remove(leaf);
      return undefined;
    },
  ],
  [
    'a locked node that is queued',
    /queued wrongly/,
    ({ queue, upper }) => {
      queue.add(upper);
      return undefined;
    },
  ],
  [
    'a child used after its parent',
    /used after its parent/,
    ({ leaf }) => void (leaf.lastAccess = 2),
  ],
  [
    'an empty root',
    /root 'x' is empty/,
    ({ view }) => ({
      roots: new Map([...view.roots, ['x', new RadixRoot('x', 1)]]),
    }),
  ],
  [
    'a detached root that is matched',
    /is detached but matched/,
    ({ root }) => void (root.attached = false),
  ],
  [
    'an unlocked node in a detached tree',
    /is detached and unlocked/,
    ({ root }) => {
      root.attached = false;
      return { roots: new Map() };
    },
  ],
];

t.test('finds nothing in a sound tree', (t) => {
  t.same(findViolations(soundTree().view), []);
  t.end();
});

for (const [what, message, breakIt] of BREAKS) {
  t.test(`finds ${what}`, (t) => {
    const tree = soundTree();
    const view = { ...tree.view, ...breakIt(tree) };
    t.match(findViolations(view).join('; '), message);
    t.end();
  });
}
