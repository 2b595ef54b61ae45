/** Trees whose nodes own recurrent states: what is shared ends at one. */
import t from 'tap';
import type { InsertRequest, MatchRequest } from '../../../src/cache/prefix-cache.js';
import { RadixTree } from '../../../src/cache/radix-tree.js';
import { ForgottenPages } from '../../../src/cache/forgotten-pages.js';
import { testPrefixCache } from '../../conformance/prefix-cache.js';

const PAGES = 32;

function treeOf(numStatePlaces: number, numPages = PAGES, pageSizeTokens = 1): RadixTree {
  const options = { weightsEpoch: 0, forgotten: new ForgottenPages(), numStatePlaces };
  return new RadixTree(numPages, pageSizeTokens, options);
}

testPrefixCache(t, {
  make: (numPages, pageSizeTokens) => treeOf(0, numPages, pageSizeTokens),
  neverShares: null,
});

function tokensFrom(first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => first + i);
}

/** Inserts all tokens, with states behind the first `lengths` of them. */
function keep(
  tree: RadixTree,
  tokens: Int32Array,
  lengths: readonly number[],
  more: Partial<InsertRequest> = {},
) {
  const places = tree.leaseStates(lengths.length);
  const states = lengths.map((numTokens, i) => ({ numTokens, place: places[i] ?? -1 }));
  const rows = { namespace: '', tenant: '', tokens, prefillTokens: tokens.length };
  const pages = tree.lease(tokens.length);
  return tree.insert({ ...rows, pages, ownFrom: 0, lock: 0, relock: false, states, ...more });
}

function match(tree: RadixTree, tokens: Int32Array, more: Partial<MatchRequest> = {}) {
  const lengths = { maxTokens: tokens.length, prefillTokens: tokens.length };
  const found = tree.match({ namespace: '', tokens, ...lengths, strict: false, ...more });
  t.same(tree.violations(), []);
  return found;
}

t.test('a match ends at the deepest state, and says how far there are rows', (t) => {
  const tree = treeOf(8);
  const tokens = tokensFrom(0, 10);
  keep(tree, tokens, [3, 7]);
  t.match(match(tree, tokens), { numTokens: 7, state: { numRowTokens: 10 } });
  t.match(match(tree, tokens, { maxTokens: 6 }), { numTokens: 3, state: { numRowTokens: 6 } });
  const nothing = match(tree, tokens, { maxTokens: 2 });
  t.match(nothing, { numTokens: 0, lock: 0, state: { place: -1, numRowTokens: 2 } });
  const other = Int32Array.of(...tokens.subarray(0, 5), 90, 91);
  t.match(match(tree, other), { numTokens: 3, state: { numRowTokens: 5 } });
  t.equal(tree.probe('', tokens), 7);
  t.equal(tree.probe('', other), 3);
  t.end();
});

t.test('the state that was used longest ago goes first, whatever becomes of its rows', (t) => {
  const tree = treeOf(3);
  const [a, b] = [tokensFrom(0, 8), tokensFrom(50, 8)];
  keep(tree, a, [4, 8]);
  keep(tree, b, [8]);
  tree.unlock(match(tree, a, { maxTokens: 5 }).lock);
  t.equal(tree.leaseStates(1).length, 1);
  t.equal(tree.probe('', a), 4, 'the one behind 8 was not used');
  t.equal(tree.probe('', b), 8);
  t.match(tree.state(), { evictablePages: 16, states: { total: 3, kept: 2, leased: 1 } });
  t.end();
});

t.test('a state at which a lock ends stays; one that a lock goes past does not', (t) => {
  const tree = treeOf(2);
  const tokens = tokensFrom(0, 8);
  keep(tree, tokens, [4, 8]);
  const { lock, state } = match(tree, tokens);
  t.equal(tree.leaseStates(2).length, 1);
  t.equal(tree.probe('', tokens), 8);
  t.not(state?.place, -1);
  tree.unlock(lock);
  t.equal(tree.leaseStates(2).length, 1);
  t.equal(tree.probe('', tokens), 0);
  t.same(tree.violations(), []);
  t.end();
});

t.test('rows that go take their state along', (t) => {
  const tree = treeOf(2, 8);
  const tokens = tokensFrom(0, 8);
  keep(tree, tokens, [4, 8]);
  tree.lease(1);
  t.match(tree.state(), { states: { kept: 1, free: 1 } });
  t.equal(tree.probe('', tokens), 4);
  tree.lease(4);
  t.match(tree.state(), { states: { kept: 0, free: 2 } });
  t.same(tree.violations(), []);
  t.end();
});

t.test('the first state at a place stays, and the other one is free', (t) => {
  const tree = treeOf(4);
  const tokens = tokensFrom(0, 6);
  keep(tree, tokens, [6]);
  const first = match(tree, tokens).state?.place;
  keep(tree, tokens, [6]);
  t.equal(match(tree, tokens).state?.place, first);
  t.match(tree.state(), { states: { kept: 1, free: 3, leased: 0 } });
  t.end();
});

t.test('what decoding made does not pass for what prefill makes', (t) => {
  const tree = treeOf(4);
  const tokens = tokensFrom(0, 8);
  keep(tree, tokens, [8], { prefillTokens: 5 });
  t.equal(match(tree, tokens).numTokens, 8);
  t.equal(match(tree, tokens, { strict: true }).numTokens, 0);
  const held = match(tree, tokens);
  keep(tree, tokens, [6]);
  t.equal(match(tree, tokens, { strict: true }).numTokens, 6, 'rows and state of prefill');
  t.match(tree.state(), { states: { kept: 2 } }, 'the old one is held by who matched it');
  tree.unlock(held.lock);
  t.same(tree.violations(), []);
  t.end();
});

t.test('a flush frees what nobody holds, and what is held when it is let go', (t) => {
  const tree = treeOf(4);
  const [a, b] = [tokensFrom(0, 4), tokensFrom(50, 4)];
  keep(tree, a, [2, 4]);
  keep(tree, b, [4]);
  const { lock } = match(tree, a);
  tree.flush();
  t.match(tree.state(), { states: { kept: 2, free: 2 } });
  const places = tree.leaseStates(1);
  const states = [{ numTokens: 5, place: places[0] ?? -1 }];
  const longer = tokensFrom(0, 5);
  const pages = Int32Array.of(...match(tree, a).pages, ...tree.lease(5));
  const own = { pages, ownFrom: 0, prefillTokens: 5, relock: false };
  tree.insert({ namespace: '', tenant: '', tokens: longer, ...own, lock, states });
  t.match(tree.state(), { states: { kept: 0, free: 4, leased: 0 } });
  t.same(tree.violations(), []);
  t.end();
});

t.test("an insert with a state that cannot be is refused, and its places are the caller's", (t) => {
  const tree = treeOf(4, PAGES, 2);
  const [place = -1, other = -1] = tree.leaseStates(2);
  const pages = tree.lease(2);
  const rows = { namespace: '', tenant: '', tokens: tokensFrom(0, 4), pages, prefillTokens: 4 };
  const request = { ...rows, ownFrom: 0, lock: 0, relock: false };
  for (const states of [
    [{ numTokens: 3, place }],
    [{ numTokens: 0, place }],
    [{ numTokens: 6, place }],
    [
      { numTokens: 4, place },
      { numTokens: 2, place: other },
    ],
    [
      { numTokens: 2, place },
      { numTokens: 4, place },
    ],
    [{ numTokens: 4, place: 3 }],
  ]) {
    const before = tree.state();
    t.throws(() => tree.insert({ ...request, states }), { name: 'CacheMisuse' });
    t.same(tree.state(), before);
  }
  const left = tree.leftOf({ ...request, states: [{ numTokens: 4, place }] });
  t.same([...left.states], [place]);
  t.end();
});
