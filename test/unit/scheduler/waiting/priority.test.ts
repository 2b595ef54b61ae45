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
    code: 'QUEUE_FULL',
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
