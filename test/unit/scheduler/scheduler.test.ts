import t from 'tap';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

t.test('the cache is flushed when idle only', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 1 } }).attach();
  rig.submit(request(1, 64, { first: 5 }), request(2, 64, { first: 5 }));
  rig.tell({ kind: 'flushCache', id: 7 });
  t.same(rig.last('cacheFlushed'), {
    kind: 'cacheFlushed',
    id: 7,
    failure: 'Cache not flushed because there are pending requests. #queue-req: 1, #running-req: 1',
  });
  rig.run().tell({ kind: 'flushCache', id: 8 });
  t.same(rig.last('cacheFlushed'), { kind: 'cacheFlushed', id: 8, failure: null });
  rig.submit(request(3, 64, { first: 5 })).run();
  t.equal(rig.finishedOf(3)?.stats.cachedTokens, 0);
  t.end();
});

t.test('a flush waits for the KV of a request that has just ended', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64, { first: 5, hasTextStops: true, sampling: { maxNewTokens: 50 } }));
  for (let i = 0; i < 4; i++) rig.step();
  rig.tell({ kind: 'stopAt', num: 1, numOutputTokens: 1, matched: 'END' });
  rig.tell({ kind: 'flushCache', id: 1 });
  t.equal(rig.last('cacheFlushed'), undefined);
  rig.run();
  t.match(rig.last('cacheFlushed'), { failure: null });
  t.match(rig.readState()?.devices[0]?.kvPool, { cachedTokens: 0, heldTokens: 0 });
  t.end();
});

t.test('draining refuses new work, ends the old, and retires the devices', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20)).tell({ kind: 'drain' });
  rig.submit(request(2, 20));
  t.match(rig.last('submitted')?.failure, { code: 'SHUTTING_DOWN' });
  t.equal(rig.last('drained'), undefined);
  while (rig.last('drained') === undefined && rig.step());
  t.equal(rig.finished.length, 1);
  t.equal(rig.toMain.at(-1)?.kind, 'drained');
  t.equal(rig.inbox().at(-1)?.kind, 'retire');
  t.end();
});

t.test('draining waits for the slots of requests that have ended', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
  rig.submit(request(1, 900)).tell({ kind: 'drain' });
  rig.tell({ kind: 'abort', num: 1, ridPrefix: '', all: false, message: null });
  t.equal(rig.finished.length, 1);
  t.equal(rig.last('drained'), undefined, 'its slot is open, and two steps are in flight');
  rig.run();
  t.ok(rig.last('drained'));
  t.end();
});
