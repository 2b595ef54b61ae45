import t from 'tap';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const config = { maxRunningRequests: 1 };

/** Request 2 waits behind request 1, its prefix of 48 tokens matched and locked. */
function waitingWithLock(): SchedulerRig {
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(0, 64, { first: 5, sampling: { maxNewTokens: 1 } })).run();
  rig.submit(request(1, 20, { first: 90, sampling: { maxNewTokens: 40 } }));
  rig.submit(request(2, 64, { first: 5 }));
  return rig;
}

const numLocked = (rig: SchedulerRig): number =>
  rig.cache.snapshot().reduce((sum, tree) => sum + tree.lockedPages, 0);

t.test('a waiting request is matched before a slot is free', (t) => {
  const rig = waitingWithLock();
  t.equal(numLocked(rig), 3 + 1, 'and a page of the prompt that runs');
  t.end();
});

t.test(
  'its lock is given up after ten seconds, and it is matched again when a slot is free',
  (t) => {
    const rig = waitingWithLock();
    rig.nowMs = 9_999;
    rig.step();
    t.equal(numLocked(rig), 3 + 1);
    rig.nowMs = 10_000;
    rig.step();
    t.equal(numLocked(rig), 1);
    rig.step();
    t.equal(numLocked(rig), 1, 'not at once');
    rig.run();
    t.equal(rig.finishedOf(2)?.stats.cachedTokens, 48);
    t.equal(numLocked(rig), 0);
    t.end();
  },
);

t.test('a lock that a free slot waits for is not given up', (t) => {
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(0, 64, { first: 5, sampling: { maxNewTokens: 1 } })).run();
  rig.tell({ kind: 'pause', mode: 'inPlace' });
  rig.submit(request(1, 64, { first: 5 })).tell({ kind: 'continue' });
  rig.nowMs = 20_000;
  rig.run();
  t.equal(rig.finishedOf(1)?.stats.cachedTokens, 48);
  t.end();
});

t.test('as many are matched ahead as may start soon, not the whole queue', (t) => {
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(...Array.from({ length: 40 }, (_, num) => request(num, 40, { first: 5 * num })));
  const matched = rig.ops.filter(({ op }) => op === 'match').length;
  t.equal(matched, 1 + 8);
  t.end();
});
