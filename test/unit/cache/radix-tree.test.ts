import t from 'tap';
import type { InsertRequest, MatchRequest } from '../../../src/cache/prefix-cache.js';
import { RadixTree } from '../../../src/cache/radix-tree.js';
import { testPrefixCache } from '../../conformance/prefix-cache.js';

testPrefixCache(t, {
  make: (numPages, pageSizeTokens) => new RadixTree(numPages, pageSizeTokens),
  neverShares: null,
});

const PAGES = 12;

/** `[first, first + count)` */
function tokensFrom(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => first + i);
}

function insertOf(tokens: Int32Array, pages: Int32Array, more: Partial<InsertRequest> = {}) {
  const rows = { namespace: '', tenant: '', tokens, pages, prefillTokens: tokens.length };
  return { ...rows, ownFrom: 0, lock: 0, relock: false, ...more };
}

function matchOf(tokens: Int32Array, more: Partial<MatchRequest> = {}): MatchRequest {
  const lengths = { maxTokens: tokens.length, prefillTokens: tokens.length };
  return { namespace: '', tokens, ...lengths, strict: false, ...more };
}

/** A tree with one path of prefill-made pages, then decode-made ones. */
function treeWith(numTokens: number, prefillTokens: number, pageSizeTokens = 1) {
  const tree = new RadixTree(PAGES, pageSizeTokens);
  const tokens = tokensFrom(100, numTokens);
  const pages = tree.lease(Math.floor(numTokens / pageSizeTokens));
  tree.insert(insertOf(tokens, pages, { prefillTokens }));
  return { tree, tokens, pages };
}

t.test('splits a node between pages, at the first page that differs', (t) => {
  const { tree, tokens, pages } = treeWith(6, 6, 2);
  const other = Int32Array.of(...tokens.subarray(0, 3), 1, 2, 3);
  const brought = tree.lease(3);
  const { pages: canonical } = tree.insert(insertOf(other, brought, { relock: true }));
  t.same([...canonical], [pages[0], brought[1], brought[2]], 'the first page is shared');
  t.match(tree.state(), { numNodes: 3, lockedPages: 3, evictablePages: 2, leasedPages: 0 });
  t.same(tree.violations(), []);
  t.end();
});

t.test('evicts the least recently used leaf first, from its end, and only what is needed', (t) => {
  const tree = new RadixTree(PAGES, 1);
  const older = tokensFrom(0, 6);
  const newer = tokensFrom(50, 6);
  tree.insert(insertOf(older, tree.lease(6)));
  tree.insert(insertOf(newer, tree.lease(6)));
  t.equal(tree.lease(2).length, 2);
  t.same([tree.probe('', older), tree.probe('', newer)], [4, 6]);
  tree.unlock(tree.match(matchOf(older)).lock);
  t.equal(tree.lease(7).length, 7);
  t.same([tree.probe('', older), tree.probe('', newer)], [3, 0], 'a match counts as use');
  t.same(tree.violations(), []);
  t.end();
});

t.test('drops the root of a namespace with its last page', (t) => {
  const tree = new RadixTree(4, 1);
  for (let salt = 0; salt < 50; salt++) {
    tree.insert(insertOf(tokensFrom(0, 2), tree.lease(2), { namespace: `salt ${salt}` }));
  }
  t.match(tree.state(), { numNodes: 2, evictablePages: 4 });
  t.same(tree.violations(), [], 'an empty root would be one');
  t.end();
});

t.test('a strict match stops where decode-made rows begin', (t) => {
  const { tree, tokens } = treeWith(8, 5, 2);
  const numMatched = (more: Partial<MatchRequest>) => tree.match(matchOf(tokens, more)).numTokens;
  t.equal(numMatched({ strict: true }), 4, 'the page of rows 4 and 5 is a mixed one');
  t.equal(numMatched({ strict: false }), 8);
  t.same(tree.violations(), []);
  t.end();
});

t.test("a resumed request's own outputs must be decode-made", (t) => {
  const { tree, tokens } = treeWith(8, 4, 2);
  const numMatched = (more: Partial<MatchRequest>) => tree.match(matchOf(tokens, more)).numTokens;
  t.equal(numMatched({ prefillTokens: 4, strict: true }), 8, 'whole pages of each kind');
  t.equal(numMatched({ prefillTokens: 2 }), 2, 'the second page came from prefill');
  t.equal(numMatched({ prefillTokens: 3 }), 2, 'a mixed page must be decode-made');
  t.equal(numMatched({ prefillTokens: 5, strict: false }), 8, 'and then is enough');
  t.equal(numMatched({ prefillTokens: 5, strict: true }), 4, 'but not when strict');
  t.end();
});

t.test('prefill-made rows replace decode-made ones, and only as far as they go', (t) => {
  const { tree, tokens, pages } = treeWith(6, 2);
  const brought = tree.lease(4);
  const request = insertOf(tokens.subarray(0, 4), brought, { relock: true });
  const { pages: canonical } = tree.insert(request);
  t.same([...canonical], [...pages.subarray(0, 2), ...brought.subarray(2)]);
  t.equal(tree.match(matchOf(tokens, { strict: true })).numTokens, 4);
  t.same([...tree.match(matchOf(tokens)).pages.subarray(4)], [...pages.subarray(4)]);
  t.equal(tree.state().freePages, PAGES - 6, 'two old pages and two duplicates are free');
  t.same(tree.violations(), []);
  t.end();
});

t.test('replaced pages stay until the last lock that knew them is gone', (t) => {
  const { tree, tokens, pages } = treeWith(4, 0);
  const above = tree.match(matchOf(tokens, { maxTokens: 2 }));
  const whole = tree.match(matchOf(tokens));
  tree.insert(insertOf(tokens, tree.lease(4)));
  t.match(tree.state(), { lockedPages: 8, freePages: PAGES - 8 });
  const later = tree.match(matchOf(tokens));
  t.not(later.pages[0], pages[0], 'a new match gets the new pages');
  tree.unlock(whole.lock);
  t.match(tree.state(), { lockedPages: 6 }, 'rows 2 and 3 had no other holder');
  const { pages: canonical } = tree.insert(
    insertOf(tokens.subarray(0, 2), above.pages, { ownFrom: 2, lock: above.lock, relock: true }),
  );
  t.same([...canonical], [...later.pages.subarray(0, 2)], 'its holder is told of the new ones');
  t.match(tree.state(), { lockedPages: 4, freePages: PAGES - 4 });
  t.same(tree.violations(), []);
  t.end();
});

t.test('rows computed on flushed rows never reach the new tree', (t) => {
  const { tree, tokens } = treeWith(4, 4);
  const match = tree.match(matchOf(tokens, { maxTokens: 3 }));
  tree.flush();
  const pages = Int32Array.of(...match.pages, ...tree.lease(1));
  const inserted = tree.insert(
    insertOf(tokens, pages, { ownFrom: 3, lock: match.lock, relock: true }),
  );
  t.same([...inserted.pages], [...pages], 'its holder may go on with them');
  t.equal(tree.probe('', tokens), 0);
  t.match(tree.state(), { lockedPages: 4, freePages: PAGES - 4 });
  t.same(tree.violations(), []);
  tree.insert(insertOf(tokens, pages, { ownFrom: 4, lock: inserted.lock }));
  t.match(tree.state(), { lockedPages: 0, freePages: PAGES });
  t.same(tree.violations(), []);
  t.end();
});

t.test('refuses an insert that lies about the pages before ownFrom', (t) => {
  const { tree, tokens } = treeWith(4, 4);
  const { pages, lock } = tree.match(matchOf(tokens));
  const before = tree.state();
  const lie = (request: InsertRequest, message: RegExp) => {
    t.throws(() => tree.insert(request), { name: 'CacheMisuse', message });
    t.same(tree.state(), before);
  };
  const own = { ownFrom: 4, lock };
  lie(insertOf(tokens, pages.toReversed(), own), /not held/);
  lie(insertOf(tokens.toReversed(), pages, own), /other tokens/);
  lie(insertOf(tokens, pages, { ...own, namespace: 'other' }), /another namespace/);
  lie(insertOf(tokensFrom(100, 5), Int32Array.of(...pages, 9), { ownFrom: 5, lock }), /holds 4/);
  lie(insertOf(tokens.subarray(1), pages, own), /4 pages for 3 tokens/);
  tree.unlock(lock);
  t.end();
});

t.test('does not mistake tokens whose pages begin alike', (t) => {
  const tree = new RadixTree(PAGES, 2);
  const inserted = [Int32Array.of(1, 65537), Int32Array.of(1, 1), Int32Array.of(65537, 1)];
  for (const tokens of inserted) tree.insert(insertOf(tokens, tree.lease(1)));
  t.same(
    inserted.map((tokens) => tree.probe('', tokens)),
    [2, 2, 2],
  );
  t.equal(tree.probe('', Int32Array.of(65537, 65537)), 0);
  t.equal(tree.state().numNodes, 3);
  t.end();
});
