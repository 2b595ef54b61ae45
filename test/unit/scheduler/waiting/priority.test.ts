import t from 'tap';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const PRIORITY = { lowValuesFirst: false, preemptionThreshold: 10 };
const one = { maxRunningRequests: 1 };

function order(config: object, priorities: readonly number[]): number[] {
  const rig = new SchedulerRig({ config: { ...one, ...config } }).attach();
  rig.submit(...priorities.map((priority, num) => request(num, 20, { first: 40 * num, priority })));
  return rig.run().finished.map(({ num }) => num);
}

t.test('larger priorities go first, equal ones by arrival', (t) => {
  t.same(order({}, [0, 5, 9]), [0, 1, 2], 'unless it is off');
  t.same(order({ priority: PRIORITY }, [1, 0, 5, 9, 5]), [3, 2, 4, 0, 1]);
  const lowFirst = { ...PRIORITY, lowValuesFirst: true };
  t.same(order({ priority: lowFirst }, [1, 0, 5, 9, 5]), [1, 0, 2, 4, 3]);
  t.end();
});

t.test('a gap above the threshold takes the slot of a running request', (t) => {
  const start = (priority: typeof PRIORITY | { preemptionThreshold: null }, value: number) => {
    const config = { ...one, priority: { ...PRIORITY, ...priority } };
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

t.test('in a full queue a lower waiting request makes room', (t) => {
  const config = {
    ...one,
    maxQueuedRequests: 1,
    priority: { ...PRIORITY, preemptionThreshold: null },
  };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 20)).submit(request(2, 20, { first: 60, priority: 3 }));
  rig.submit(request(3, 20, { first: 90, priority: 3 }));
  t.match(rig.last('submitted')?.failure, { code: 'QUEUE_FULL' }, 'an equal one does not');
  t.equal(rig.finished.length, 0);
  rig.submit(request(4, 20, { first: 90, priority: 4 }));
  t.equal(rig.last('submitted')?.failure, null);
  t.same(rig.reasonOf(2), {
    type: 'abort',
    message: 'The request is aborted by a higher priority request.',
    status_code: 503,
    err_type: '503',
  });
  rig.submit(request(5, 20, { priority: 9 }), request(6, 20, { priority: 9 }));
  t.match(rig.last('submitted')?.failure, { code: 'QUEUE_FULL' }, 'a batch whole or not at all');
  t.equal(rig.finished.length, 1);
  rig.run();
  t.equal(rig.finished.length, 3);
  t.end();
});

t.test('of equals the one that came last loses its place, and never one that ran', (t) => {
  const config = { ...one, maxQueuedRequests: 3, priority: PRIORITY };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 30 } })).stepUntil(1, 3);
  rig.submit(request(2, 20, { first: 60, priority: 50, sampling: { maxNewTokens: 30 } }));
  while (rig.readState()?.devices[0]?.load.numRetracted !== 1) t.ok(rig.step());
  rig.submit(request(3, 20, { first: 90, priority: 3 }));
  rig.submit(request(4, 20, { first: 90, priority: 3 }));
  rig.submit(request(5, 20, { first: 90, priority: 4 }));
  t.same(
    rig.finished.map(({ num }) => num),
    [4],
  );
  rig.submit(request(6, 20, { priority: 9 }), request(7, 20, { priority: 9 }));
  t.same(
    rig.finished.map(({ num }) => num),
    [4, 3, 5],
  );
  rig.submit(request(8, 20, { priority: 99 })).run();
  t.equal(rig.reasonOf(1)?.type, 'length', 'it has begun its answer');
  t.end();
});

t.test('time-outs end what waits or runs for too long', (t) => {
  const config = { ...one, waitingTimeoutMs: 1000, runningTimeoutMs: 5000 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 4000 } }));
  rig.submit(request(2, 20, { first: 90 }));
  const at = (ms: number) => {
    rig.nowMs = ms;
    rig.scheduler.tick();
    return rig.finished.map(({ num }) => num);
  };
  t.same(at(999), []);
  t.same(at(1000), [2]);
  const aborted = { type: 'abort', status_code: 503 };
  t.match(rig.reasonOf(2), { ...aborted, message: 'Request waiting timeout reached.' });
  t.same(at(4999), [2]);
  t.same(at(5000), [2, 1]);
  t.match(rig.reasonOf(1), { ...aborted, message: 'Request running timeout reached.' });
  rig.run();
  t.match(rig.readState()?.devices[0]?.kvPool, { heldTokens: 0 });
  t.end();
});
