import t from 'tap';
import { FORGOTTEN_PAGES_MAX, ForgottenPages } from '../../../src/cache/forgotten-pages.js';
import { RadixTree } from '../../../src/cache/radix-tree.js';

const OWNER = { namespace: '', tenant: '' };

function insert(tree: RadixTree, tokens: Int32Array, numPages: number): void {
  const pages = tree.lease(numPages);
  const own = { pages, ownFrom: 0, lock: 0, relock: false };
  tree.insert({ ...OWNER, tokens, prefillTokens: tokens.length, ...own });
}

const run = (first: number, length: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => first + i);

t.test('knows nothing before anything went', (t) => {
  t.equal(new ForgottenPages().recall(OWNER, run(0, 4), 4), null);
  t.end();
});

t.test('finds each page of a path, however it was split and shortened', (t) => {
  const forgotten = new ForgottenPages();
  const tree = new RadixTree(12, 2, { weightsEpoch: 5, forgotten });
  insert(tree, run(0, 16), 8);
  tree.giveBack(tree.lease(6));
  // Splits what is left after its third page.
  const fork = Int32Array.of(0, 1, 2, 3, 4, 5, 99, 98);
  insert(tree, fork, 2 + 2);
  tree.lease(12);
  const gone = { how: 'evicted', decodeMade: false, weightsEpoch: 5 } as const;
  for (let end = 2; end <= 16; end += 2) t.same(forgotten.recall(OWNER, run(0, 16), end), gone);
  t.same(forgotten.recall(OWNER, fork, 8), gone);
  t.equal(forgotten.recall(OWNER, run(0, 16), 3), null, 'not inside a page');
  t.equal(forgotten.recall(OWNER, run(1, 16), 2), null);
  t.equal(forgotten.recall({ ...OWNER, tenant: 'x' }, run(0, 16), 2), null);
  t.equal(forgotten.recall({ ...OWNER, namespace: 'x' }, run(0, 16), 2), null);
  t.end();
});

t.test('is bounded: newer pages take the rows of older ones', (t) => {
  const forgotten = new ForgottenPages();
  const numPages = 2 * FORGOTTEN_PAGES_MAX;
  const tree = new RadixTree(numPages, 1, { weightsEpoch: 0, forgotten });
  for (const first of [0, 1_000_000_000]) {
    insert(tree, run(first, numPages), numPages);
    tree.flush();
  }
  const known = (first: number): number => {
    let count = 0;
    for (let end = 64; end <= numPages; end += 8192) {
      if (forgotten.recall(OWNER, run(first, numPages), end) !== null) count++;
    }
    return count;
  };
  t.ok(known(1_000_000_000) > 4, 'of the last ones many');
  t.ok(known(0) < 8, `of the first ones few: ${known(0)}`);
  t.end();
});
