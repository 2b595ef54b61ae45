import t from 'tap';
import { CacheActor } from '../../../src/cache/cache-actor.js';
import { RadixTree } from '../../../src/cache/radix-tree.js';
import { treeKey, type CacheOp, type CacheReply, type OpenTree } from '../../../src/messages.js';

const TREE = treeKey({ rank: 0, generation: 0 });
const OTHER = treeKey({ rank: 1, generation: 0 });
const TOKENS = Int32Array.of(1, 2, 3, 4);
const NO_PAGES = new Int32Array(0);

function open(tree: string, more: Partial<OpenTree> = {}): OpenTree {
  return {
    op: 'open',
    tree,
    numPages: 8,
    pageSizeTokens: 1,
    disabled: false,
    weightsEpoch: 0,
    ...more,
  };
}

function ask(actor: CacheActor, ...ops: CacheOp[]): readonly CacheReply[] {
  return actor.handle({ kind: 'ops', ops })?.replies ?? [];
}

const rows = { namespace: '', tenant: '', tokens: TOKENS, prefillTokens: 4, num: 7 };
const match: CacheOp = {
  ...rows,
  op: 'match',
  tree: TREE,
  maxTokens: 3,
  strict: false,
  explains: false,
};

function insert(pages: Int32Array, relock: boolean): CacheOp {
  return { ...rows, op: 'insert', tree: TREE, pages, ownFrom: 0, lock: 0, relock };
}

function leasedPages(replies: readonly CacheReply[]): Int32Array {
  const [reply] = replies;
  return reply?.op === 'leased' ? reply.pages : NO_PAGES;
}

t.test('answers only operations that have an answer, in order', (t) => {
  const actor = new CacheActor();
  t.equal(actor.handle({ kind: 'ops', ops: [open(TREE)] }), null);
  const pages = leasedPages(ask(actor, { op: 'lease', tree: TREE, numPages: 4 }));
  const replies = ask(
    actor,
    insert(pages, false),
    match,
    { op: 'probe', num: 8, namespace: '', tokens: TOKENS },
    { op: 'read', id: 9 },
  );
  t.match(replies, [
    { op: 'matched', num: 7, tree: TREE, numTokens: 3, pages: pages.slice(0, 3) },
    { op: 'probed', num: 8, matches: [{ tree: TREE, numTokens: 4 }] },
    { op: 'read', id: 9, trees: [{ tree: TREE, lockedPages: 3, evictablePages: 1 }] },
  ]);
  t.same(actor.check(), []);
  t.end();
});

t.test('keeps the trees of devices apart and flushes them together', (t) => {
  const actor = new CacheActor();
  ask(actor, open(TREE), open(OTHER, { disabled: true }));
  const pages = leasedPages(ask(actor, { op: 'lease', tree: TREE, numPages: 4 }));
  t.match(ask(actor, insert(pages, true)), [{ op: 'inserted', num: 7, tree: TREE, pages }]);
  const [probed] = ask(actor, { op: 'probe', num: 8, namespace: '', tokens: TOKENS });
  t.match(probed, { matches: [{ numTokens: 4 }, { tree: OTHER, numTokens: 0 }] });
  t.same(ask(actor, { op: 'flush', id: 1 }), [{ op: 'flushed', id: 1 }]);
  t.match(actor.snapshot(), [
    { tree: TREE, epoch: 1, lockedPages: 4 },
    { tree: OTHER, epoch: 1, freePages: 8 },
  ]);
  t.end();
});

t.test('turns a wrong operation into a fault and goes on with the next', (t) => {
  const actor = new CacheActor();
  const replies = ask(
    actor,
    open(TREE),
    open(TREE),
    open(OTHER, { pageSizeTokens: 0 }),
    { op: 'unlock', tree: TREE, lock: 5 },
    { op: 'lease', tree: 'nobody', numPages: 1 },
    insert(Int32Array.of(3), true),
    { op: 'return', tree: TREE, pages: Int32Array.of(3) },
    { op: 'lease', tree: TREE, numPages: 1 },
  );
  t.match(replies, [
    { op: 'fault', num: null, tree: TREE, message: /open already/ },
    { op: 'fault', tree: OTHER, message: /pageSizeTokens/ },
    { op: 'fault', tree: TREE, message: 'unlock: lock 5 is not held' },
    { op: 'fault', tree: 'nobody', message: 'lease: no tree nobody' },
    { op: 'fault', num: 7, tree: TREE, message: /^insert: page 3 is not leased/ },
    { op: 'fault', num: null, tree: TREE, message: /^return: page 3 is not leased/ },
    { op: 'leased', pages: { length: 1 } },
  ]);
  t.end();
});

t.test('a refused insert says which pages and which lock are still the sender’s', (t) => {
  const actor = new CacheActor();
  const [leased] = ask(actor, open(TREE), { op: 'lease', tree: TREE, numPages: 2 });
  const pages = leased?.op === 'leased' ? leased.pages : NO_PAGES;
  const wrong = Int32Array.of(...pages, 7, ...pages);
  t.match(ask(actor, insert(wrong, true), insert(wrong, false)), [
    { op: 'fault', insert: { relock: true, pages, lock: 0 } },
    { op: 'fault', insert: { relock: false, pages, lock: 0 } },
  ]);
  t.match(ask(actor, { op: 'unlock', tree: TREE, lock: 5 }), [{ op: 'fault', insert: null }]);
  t.end();
});

t.test('what main asks and cannot be done is answered with a fault that says who asked', (t) => {
  const actor = new CacheActor();
  ask(actor, open(TREE));
  const broken = () => {
    throw new TypeError('out of order');
  };
  t.intercept(RadixTree.prototype, 'flush', { value: broken });
  t.intercept(RadixTree.prototype, 'state', { value: broken });
  const replies = ask(
    actor,
    { op: 'flush', id: 1 },
    { op: 'read', id: 2 },
    { op: 'experts', id: 3, action: 'start' },
    { op: 'lease', tree: TREE, numPages: -1 },
  );
  const bug = 'This is a bug: TypeError: out of order';
  t.match(replies, [
    { op: 'fault', question: { op: 'flush', id: 1 }, message: `flush: ${bug}` },
    { op: 'fault', question: { op: 'read', id: 2 }, message: `read: ${bug}` },
    { op: 'fault', question: { op: 'experts', id: 3 }, message: /no expert statistics are kept/ },
    { op: 'fault', question: null },
  ]);
  t.end();
});

t.test('answers late operations on a closed tree with nothing', (t) => {
  const actor = new CacheActor();
  ask(actor, open(TREE), { op: 'close', tree: TREE });
  const late: readonly CacheOp[] = [
    match,
    insert(Int32Array.of(1), true),
    { op: 'lease', tree: TREE, numPages: 3 },
    insert(Int32Array.of(1), false),
    { op: 'unlock', tree: TREE, lock: 1 },
    { op: 'return', tree: TREE, pages: Int32Array.of(1) },
    { op: 'close', tree: TREE },
  ];
  t.same(ask(actor, ...late), [
    { op: 'matched', num: 7, tree: TREE, numTokens: 0, pages: NO_PAGES, lock: 0, miss: null },
    { op: 'inserted', num: 7, tree: TREE, pages: NO_PAGES, lock: 0 },
    { op: 'leased', tree: TREE, pages: NO_PAGES, asked: 3 },
  ]);
  t.match(ask(actor, open(TREE)), [{ op: 'fault', message: /closed for good/ }]);
  t.same(actor.snapshot(), []);
  t.end();
});
