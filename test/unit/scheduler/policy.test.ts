import t from 'tap';
import { LPM_QUEUE_MAX } from '../../../src/scheduler/policy.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

function orderOfStart(policy: 'fcfs' | 'lpm', numFillers: number): number[] {
  const config = { policy, maxRunningRequests: 1 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 100, { first: 5 })).run();
  rig.submit(request(2, 20, { first: 150, sampling: { maxNewTokens: 30 } }));
  rig.submit(request(3, 100, { first: 77 }), request(4, 90, { first: 5 }));
  for (let i = 0; i < numFillers; i++) rig.submit(request(100 + i, 20, { first: i }));
  rig.run();
  return rig.finished.map(({ num }) => num).filter((num) => num < 100);
}

t.test('fcfs keeps the order of arrival', (t) => {
  t.same(orderOfStart('fcfs', 0), [1, 2, 3, 4]);
  t.end();
});

t.test('lpm starts the longest cached prefix first', (t) => {
  t.same(orderOfStart('lpm', 0), [1, 2, 4, 3]);
  t.end();
});

t.test('lpm is fcfs while the queue is long', (t) => {
  t.same(orderOfStart('lpm', LPM_QUEUE_MAX), [1, 2, 3, 4]);
  t.end();
});
