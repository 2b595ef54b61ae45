import t from 'tap';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

t.test('a batch is accepted before its first token', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20), request(2, 20)).run();
  const kinds = rig.toMain.map(({ kind }) => kind).filter((kind) => kind !== 'log');
  t.equal(kinds[0], 'submitted');
  t.same(rig.last('submitted'), { kind: 'submitted', batch: 0, failure: null });
  t.end();
});

t.test('a live rid, or one twice in a batch, refuses the whole batch', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20));
  rig.submit(request(2, 20), { ...request(3, 20), rid: 'rid-1' });
  const failure = { code: 'INVALID_REQUEST', message: 'Duplicate request ID detected: rid-1' };
  t.same(rig.last('submitted')?.failure, failure);
  rig.submit({ ...request(4, 20), rid: 'x' }, { ...request(5, 20), rid: 'x' });
  t.match(rig.last('submitted')?.failure, { message: 'Duplicate request ID detected: x' });
  rig.run();
  t.same(
    rig.finished.map(({ num }) => num),
    [1],
  );
  rig.submit({ ...request(6, 20), rid: 'rid-1' });
  t.equal(rig.last('submitted')?.failure, null, 'a rid is free after its ending');
  t.end();
});

t.test('the queue is bounded; requests that a slot is free for do not count', (t) => {
  const config = { maxRunningRequests: 1, maxQueuedRequests: 1 };
  const rig = new SchedulerRig({ config }).attach();
  for (let num = 0; num < 10; num++) rig.submit(request(num, 20, { first: 30 * num }));
  t.same(rig.last('submitted')?.failure, {
    code: 'QUEUE_FULL',
    message: 'The request queue is full.',
  });
  rig.run();
  t.same(
    rig.finished.map(({ num }) => num),
    [0, 1],
  );
  for (const line of rig.logs) t.match(line, /#running-req: [01], #queue-req: [01]$/);
  for (let num = 20; num < 30; num++) rig.submit(request(num, 20)).run();
  t.equal(rig.finished.length, 12, 'one after the other, all are accepted');
  t.end();
});

t.test('a batch may be as large as free slots and queue together', (t) => {
  const config = { maxRunningRequests: 3, maxQueuedRequests: 1 };
  const batch = (size: number) => Array.from({ length: size }, (_, num) => request(num, 20));
  const rig = new SchedulerRig({ config }).attach();
  t.match(rig.submit(...batch(5)).last('submitted')?.failure, { code: 'QUEUE_FULL' });
  t.equal(rig.submit(...batch(4)).last('submitted')?.failure, null);
  t.end();
});

t.test('a rank that never was is refused', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20, { dpRank: 5 }));
  t.same(rig.last('submitted')?.failure, {
    code: 'INVALID_REQUEST',
    message: 'Device rank 5 does not exist: this server has 1.',
  });
  t.end();
});

t.test('a rank that is down for good has no requests, until it is back', (t) => {
  const rig = new SchedulerRig().attach(0).attach(1);
  const device = { rank: 1, generation: 0 };
  rig.tell({ kind: 'deviceDown', device, message: 'the worker exited' });
  rig.submit(request(1, 20, { dpRank: 1 }), request(2, 20));
  t.equal(rig.last('submitted')?.failure, null, 'another worker may come');
  t.match(rig.readState()?.devices, [
    { device: { rank: 0, generation: 0 } },
    { device: { rank: 1, generation: -1 }, kvPool: { totalTokens: 0 } },
  ]);
  rig.tell({ kind: 'rankDown', rank: 1 });
  const message = 'Device rank 1 is down.';
  t.match(rig.reasonOf(1), { type: 'abort', message, code: 'NO_DEVICE' });
  rig.submit(request(3, 20, { dpRank: 1 }));
  t.same(rig.last('submitted')?.failure, { code: 'NO_DEVICE', message });
  rig
    .attach(1, 1)
    .submit(request(4, 20, { dpRank: 1 }))
    .run();
  t.match(rig.reasonOf(4), { type: 'length' });
  t.match(rig.reasonOf(2), { type: 'length' });
  t.end();
});
