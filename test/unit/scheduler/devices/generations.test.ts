import t from 'tap';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const down = (rank: number, generation: number) =>
  ({ kind: 'deviceDown', device: { rank, generation }, message: 'the worker exited' }) as const;

t.test('requests of a dead device go on on the next generation, token for token', (t) => {
  const rig = new SchedulerRig({ config: { deterministic: true } }).attach();
  const req = request(1, 40, { sampling: { maxNewTokens: 20 } });
  rig.submit(req);
  for (let i = 0; i < 8; i++) rig.step();
  t.ok(rig.tokensOf(1).length > 3);
  rig.tell(down(0, 0));
  t.equal(rig.finished.length, 0, 'it waits for the next device');
  rig.attach(0, 1).run();
  t.same(rig.tokensOf(1), expectedOutput(req.inputIds, req.sampling, true).tokens);
  t.same(rig.reasonOf(1), { type: 'length', length: 20 });
  t.end();
});

t.test('they go on before those that waited', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 2 } }).attach();
  rig.submit(...[1, 2, 3, 4].map((num) => request(num, 20, { first: 40 * num })));
  rig.step();
  rig.tell(down(0, 0)).attach(0, 1).run();
  t.same(
    rig.finished.map(({ num }) => num),
    [1, 2, 3, 4],
  );
  t.end();
});

t.test('devices that are told to retire go when they are empty, and new requests wait', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 20 } }));
  rig.step();
  rig.tell({ kind: 'retireDevices' });
  t.equal(rig.scheduler.parts.devices.size, 1, 'it still works');
  rig.submit(request(2, 40, { sampling: { maxNewTokens: 3 } }));
  rig.run();
  t.same(rig.reasonOf(1), { type: 'length', length: 20 });
  t.equal(rig.scheduler.parts.devices.size, 0);
  t.equal(rig.finished.length, 1);
  rig.attach(0, 1).run();
  t.same(rig.reasonOf(2), { type: 'length', length: 3 });
  t.end();
});

t.test('a second death ends the request with 500', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 20 } }));
  rig.step();
  rig.tell(down(0, 0)).attach(0, 1);
  rig.step(0, 1);
  rig.tell(down(0, 1));
  t.match(rig.reasonOf(1), {
    type: 'abort',
    message: 'the worker exited',
    code: 'DEVICE_FAILED',
  });
  t.end();
});

t.test('a death leaves the requests of other devices alone', (t) => {
  const rig = new SchedulerRig().attach(0).attach(1);
  const reqs = [0, 1].map((dpRank) =>
    request(dpRank, 30, { dpRank, sampling: { maxNewTokens: 12 } }),
  );
  rig.submit(...reqs);
  rig.step(0);
  rig.tell(down(0, 0));
  while (rig.step(1));
  t.same(
    rig.finished.map(({ num, stats }) => [num, stats.dpRank]),
    [[1, 1]],
  );
  rig.attach(0, 1).run();
  t.equal(rig.reasonOf(0)?.type, 'length', 'a pinned request waits for its rank');
  t.end();
});

t.test('requests wait while no device is up, within the bounds of the queue', (t) => {
  const rig = new SchedulerRig({ config: { maxQueuedRequests: 2 } });
  rig.submit(request(1, 20)).submit(request(2, 20)).submit(request(3, 20));
  t.match(rig.last('submitted')?.failure, { code: 'QUEUE_FULL' });
  rig.attach().run();
  t.same(
    rig.finished.map(({ num }) => num),
    [1, 2],
  );
  t.end();
});

t.test(
  'a newer generation takes the new requests, and the old one retires when it is empty',
  (t) => {
    const rig = new SchedulerRig().attach(0, 0);
    rig.submit(request(1, 20, { sampling: { maxNewTokens: 10 } }));
    rig.step(0, 0);
    rig.attach(0, 1).submit(request(2, 20));
    while (rig.step(0, 1));
    t.same(
      rig.finished.map(({ num }) => num),
      [2],
    );
    t.notOk(rig.inbox(0, 0).some(({ kind }) => kind === 'retire'));
    while (rig.tokensOf(1).length < 10) rig.step(0, 0);
    rig.step(0, 0);
    t.ok(rig.inbox(0, 0).some(({ kind }) => kind === 'retire'));
    t.same(
      rig.readState()?.devices.map(({ device }) => device),
      [{ rank: 0, generation: 1 }],
    );
    t.end();
  },
);

t.test('what waits for an old generation goes to the new one', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 1 } }).attach(0, 0);
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 10 } }), request(2, 20, { first: 90 }));
  rig.attach(0, 1);
  while (rig.step(0, 1));
  t.same(
    rig.finished.map(({ num }) => num),
    [2],
  );
  t.end();
});

t.test('a late result of a dead device is nobody’s', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20));
  rig.tell(down(0, 0));
  t.ok(rig.step(), 'its last result still arrives');
  t.same(rig.tokensOf(1), []);
  t.end();
});
