import t from 'tap';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const long = { sampling: { maxNewTokens: 30 } };

function epochs(rig: SchedulerRig): [number, number][] {
  return rig.toMain.flatMap((message) =>
    message.kind === 'output'
      ? message.admitted.map(({ num, weightsEpoch }): [number, number] => [num, weightsEpoch])
      : [],
  );
}

t.test('new weights take new requests, the old ones finish theirs and retire', (t) => {
  const rig = new SchedulerRig().attach(0, 0, 0);
  rig.submit(request(1, 40, long));
  for (let i = 0; i < 4; i++) rig.step();
  rig.attach(0, 1, 1).submit(request(2, 40, long));
  t.notOk(rig.inbox(0, 0).some(({ kind }) => kind === 'retire'));
  rig.run();
  t.same(epochs(rig), [
    [1, 0],
    [2, 1],
  ]);
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 0, 'prefixes of old weights are worth nothing');
  t.equal(rig.readState()?.devices.length, 1, 'the old device is gone');
  t.end();
});

t.test('a request that is retracted on a retiring device goes on there', (t) => {
  const config = { scheduleConservativeness: 0.001, deterministic: true };
  const limits = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
  const rig = new SchedulerRig({ limits, config }).attach(0, 0, 0);
  const reqs = [0, 1, 2, 3].map((num) => request(num, 12, { first: 50 * num, ...long }));
  for (const req of reqs) rig.submit(req);
  while (epochs(rig).length < 3) rig.step();
  rig.attach(0, 1, 1).run();
  for (const req of reqs) {
    t.same(rig.tokensOf(req.num), expectedOutput(req.inputIds, req.sampling, true).tokens);
  }
  const began = new Map(epochs(rig));
  const resumed = rig.finished.filter(
    ({ num, stats }) => stats.numRetractions > 0 && began.get(num) === 0,
  );
  t.ok(resumed.length > 0);
  for (const { num } of resumed) {
    const trees = rig.ops.filter((op) => op.op === 'insert' && op.num === num);
    t.ok(trees.every((op) => 'tree' in op && op.tree === '0:0'));
  }
  t.equal(rig.readState()?.devices[0]?.device.generation, 1);
  t.equal(rig.readState()?.devices.length, 1);
  t.end();
});

t.test('when the old device dies, its requests end rather than go on with other weights', (t) => {
  const rig = new SchedulerRig().attach(0, 0, 0);
  rig.submit(request(1, 40, long));
  for (let i = 0; i < 4; i++) rig.step();
  rig.attach(0, 1, 1);
  rig.tell({ kind: 'deviceDown', device: { rank: 0, generation: 0 }, message: 'gone' }).run();
  t.match(rig.reasonOf(1), { type: 'abort', code: 'DEVICE_FAILED', message: /weights/ });
  rig.submit(request(2, 40)).run();
  t.equal(rig.reasonOf(2)?.type, 'length');
  t.end();
});

t.test('when it died before the update, they end with the update', (t) => {
  const rig = new SchedulerRig().attach(0, 0, 0);
  rig.submit(request(1, 40, long), request(2, 40, { first: 99 }));
  for (let i = 0; i < 4; i++) rig.step();
  rig.tell({ kind: 'deviceDown', device: { rank: 0, generation: 0 }, message: 'gone' });
  t.equal(rig.finishedOf(1), undefined, 'it waits for a device with the same weights');
  rig.attach(0, 1, 1).run();
  t.match(rig.reasonOf(1), { type: 'abort', message: /weights/ });
  rig.attach(0, 2, 1).run();
  t.end();
});
