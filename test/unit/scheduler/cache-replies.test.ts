import t, { type Test } from 'tap';
import { RadixTree } from '../../../src/cache/radix-tree.js';
import type { CacheOp } from '../../../src/messages.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

const LIMITS = { numPages: 20, pageSizeTokens: 4 };

/** Whatever the cache actor is asked for wrongly the first time it refuses itself. */
const SPOILED: Partial<Record<CacheOp['op'], () => object>> = {
  probe: () => ({ tokens: null }),
  match: () => ({ tokens: null }),
  insert: () => ({ tokens: new Int32Array(0) }),
  lease: () => ({ numPages: -1 }),
};

/** A rig whose cache actor gets the first `numSpoiled` operations that `isSpoiled` picks in a form it refuses. */
function spoiledRig(isSpoiled: (op: CacheOp) => boolean, numSpoiled = 1) {
  const rig = new SchedulerRig({ limits: LIMITS });
  const handle = rig.cache.handle.bind(rig.cache);
  const spoiled: CacheOp[] = [];
  rig.cache.handle = (message) => {
    const ops = message.ops.map((op) => {
      if (spoiled.length === numSpoiled || !isSpoiled(op)) return op;
      spoiled.push(op);
      return { ...op, ...SPOILED[op.op]?.() };
    });
    return handle({ ...message, ops });
  };
  return { rig: rig.attach(), spoiled };
}

/** No page and no lock is anybody's, and every page is there. */
function expectAllBack(t: Test, rig: SchedulerRig): void {
  const { freeTokens, cachedTokens, heldTokens, totalTokens } =
    rig.readState()?.devices[0]?.kvPool ?? {};
  t.equal(heldTokens, 0, 'no page is held');
  t.equal((freeTokens ?? NaN) + (cachedTokens ?? NaN), totalTokens, 'every page is there');
  t.equal(rig.cache.snapshot()[0]?.lockedPages, 0, 'no lock is left');
  t.same(rig.cache.check(), []);
}

for (const op of ['match', 'insert', 'lease'] as const) {
  t.test(`a request does without what the cache actor refuses (${op})`, (t) => {
    const { rig, spoiled } = spoiledRig((one) => one.op === op && !('num' in one && one.num === 9));
    rig.submit(request(9, 8, { first: 5, sampling: { maxNewTokens: 1 } })).run();
    rig.submit(request(1, 48, { first: 5, sampling: { maxNewTokens: 20 } })).run();
    t.equal(spoiled.length, 1);
    t.same(rig.reasonOf(1), { type: 'length', length: 20 });
    t.match(rig.logs.join('\n'), /The cache actor refused an operation\. \w+: /);
    expectAllBack(t, rig);
    rig.tell({ kind: 'drain' }).run();
    t.ok(rig.last('drained'), 'nothing waits for an answer that will not come');
    t.end();
  });
}

t.test('a request whose probe is refused is routed without', (t) => {
  const { rig, spoiled } = spoiledRig((one) => one.op === 'probe');
  rig.attach(1);
  rig.submit(request(1, 48, { first: 5, sampling: { maxNewTokens: 4 } })).run();
  t.equal(spoiled.length, 1, 'two devices: the trees are asked');
  t.same(rig.reasonOf(1), { type: 'length', length: 4 });
  t.end();
});

t.test('main hears that what it asked for was refused, and later questions are answered', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  const failed = () => rig.last('questionFailed');
  rig.tell({ kind: 'recordExperts', id: 3, action: 'dump' });
  t.match(failed(), { question: { op: 'experts', id: 3 }, message: /no expert statistics/ });
  const undo = t.intercept(RadixTree.prototype, 'flush', { value: 'not a function' });
  rig.tell({ kind: 'flushCache', id: 4 });
  t.match(failed(), { question: { op: 'flush', id: 4 }, message: /^flush: This is a bug/ });
  t.equal(rig.last('cacheFlushed'), undefined);
  undo.restore();
  rig.tell({ kind: 'flushCache', id: 5 });
  t.same(rig.last('cacheFlushed'), { kind: 'cacheFlushed', id: 5, failure: null });
  const unread = t.intercept(RadixTree.prototype, 'state', { value: 'not a function' });
  rig.tell({ kind: 'readState', id: 6 });
  t.match(failed(), { question: { op: 'read', id: 6 }, message: /^read: This is a bug/ });
  unread.restore();
  rig.tell({ kind: 'readState', id: 7 });
  t.match(rig.last('stateRead'), { id: 7, devices: [{ kvPool: { totalTokens: 80 } }] });
  t.end();
});

t.test('every insert is refused, of the prompt and of the answer, on a matched prefix', (t) => {
  const { rig, spoiled } = spoiledRig((one) => one.op === 'insert' && one.num > 1, 99);
  rig.submit(request(1, 24, { first: 5, sampling: { maxNewTokens: 4 } })).run();
  for (const num of [2, 3, 4, 5, 6]) {
    rig.submit(request(num, 40, { first: 5, sampling: { maxNewTokens: 8 } })).run();
    t.same(rig.reasonOf(num), { type: 'length', length: 8 });
    t.equal(rig.finishedOf(num)?.stats.cachedTokens, 24, 'of the first request alone');
    expectAllBack(t, rig);
  }
  t.ok(spoiled.length >= 10, 'two a request');
  t.end();
});

t.test('a client leaves while the insert that will be refused is on its way', (t) => {
  for (const numSpoiled of [1, 2]) {
    const isOfTwo = (one: CacheOp) => one.op === 'insert' && one.num === 2;
    const { rig, spoiled } = spoiledRig(isOfTwo, numSpoiled);
    rig.submit(request(1, 24, { first: 5, sampling: { maxNewTokens: 4 } })).run();
    const { scheduler } = rig;
    const receive = scheduler.receiveFromCache.bind(scheduler);
    let isGone = false;
    scheduler.receiveFromCache = (message) => {
      if (!isGone && message.replies.some((reply) => reply.op === 'fault')) {
        isGone = true;
        const all = { ridPrefix: '', num: 2, all: false, message: null };
        scheduler.receiveFromMain({ kind: 'abort', ...all });
      }
      receive(message);
    };
    rig.submit(request(2, 40, { first: 5, sampling: { maxNewTokens: 8 } })).run();
    t.ok(isGone);
    t.ok(spoiled.length > 0);
    t.equal(rig.reasonOf(2)?.type, 'abort');
    expectAllBack(t, rig);
  }
  t.end();
});
