import t from 'tap';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const PRIORITY = { lowValuesFirst: false, preemptionThreshold: 10 };

t.test('a gap above the threshold takes the slot of a running request', (t) => {
  const start = (priority: typeof PRIORITY | { preemptionThreshold: null }, value: number) => {
    const config = { maxRunningRequests: 1, priority: { ...PRIORITY, ...priority } };
    const rig = new SchedulerRig({ config }).attach();
    rig.submit(request(1, 40, { sampling: { maxNewTokens: 30 } }));
    for (let i = 0; i < 5; i++) rig.step();
    rig.submit(request(2, 20, { first: 90, priority: value })).run();
    return rig;
  };
  const order = (rig: SchedulerRig) => rig.finished.map(({ num }) => num);
  const preempted = start(PRIORITY, 11);
  t.same(order(preempted), [2, 1]);
  t.equal(preempted.finishedOf(1)?.stats.numRetractions, 1);
  t.same(preempted.tokensOf(1), start(PRIORITY, 10).tokensOf(1), 'its answer is the same');
  t.same(order(start(PRIORITY, 10)), [1, 2], 'not at the threshold');
  t.same(order(start({ preemptionThreshold: null }, 99)), [1, 2]);
  t.end();
});

const numRetractions = (rig: SchedulerRig, ...nums: readonly number[]) =>
  nums.map((num) => rig.finishedOf(num)?.stats.numRetractions ?? -1);

t.test('the least important one loses its slot, of equals the one that came last', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 3, priority: PRIORITY } }).attach();
  [5, 0, 0].forEach((priority, num) =>
    rig.submit(request(num, 20, { first: 40 * num, priority, sampling: { maxNewTokens: 30 } })),
  );
  rig.stepUntil(2, 3);
  rig.submit(request(3, 20, { first: 160, priority: 50 })).run();
  t.same(numRetractions(rig, 0, 1, 2, 3), [0, 0, 1, 0]);
  t.end();
});

t.test('nobody loses a slot while another is free and the pages last', (t) => {
  const long = { sampling: { maxNewTokens: 36 } };
  const start = (limits: object) => {
    const rig = new SchedulerRig({ limits, config: { priority: PRIORITY } }).attach();
    rig.submit(request(1, 12, long)).stepUntil(1, 3);
    return rig.submit(request(2, 12, { first: 90, priority: 50, ...long })).run();
  };
  const roomy = start({ numSlots: 4 });
  t.same(numRetractions(roomy, 1, 2), [0, 0]);
  const tight = start({ numSlots: 4, numPages: 20, pageSizeTokens: 4 });
  t.same(numRetractions(tight, 1, 2), [1, 0], 'for pages that would not last it is as for slots');
  t.same(
    tight.finished.map(({ num }) => num),
    [2, 1],
  );
  t.end();
});
