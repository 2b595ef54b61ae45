import t from 'tap';
import type { SchedulePolicy } from '../../../../src/core/scheduler-config.js';
import type { ReqInput } from '../../../../src/messages.js';
import { LPM_QUEUE_MAX } from '../../../../src/scheduler/waiting/policy.js';
import { byPrefixWeight } from '../../../../src/scheduler/waiting/prefix-order.js';
import { Req } from '../../../../src/scheduler/req.js';
import { Ticket } from '../../../../src/scheduler/waiting/ticket.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

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

function firstOf(policy: SchedulePolicy, policySeed: number, reqs: readonly ReqInput[]): number[] {
  const rig = new SchedulerRig({ config: { policy, policySeed, maxRunningRequests: 1 } }).attach();
  rig
    .submit(request(99, 20, { first: 200 }))
    .submit(...reqs)
    .run();
  return rig.finished.map(({ num }) => num).filter((num) => num !== 99);
}

t.test('lof starts the longest answer first', (t) => {
  const reqs = [5, 30, 1, 30].map((maxNewTokens, num) =>
    request(num, 20, { first: 40 * num, sampling: { maxNewTokens } }),
  );
  t.same(firstOf('lof', 0, reqs), [1, 3, 0, 2]);
  t.end();
});

t.test('dfs-weight keeps shared prefixes together, the most wanted first', (t) => {
  const prompt = (...parts: readonly number[]) =>
    Int32Array.from(parts.flatMap((part) => Array.from({ length: 20 }, (_, i) => part + i)));
  const prompts = [prompt(1), prompt(50, 1), prompt(90, 1), prompt(50, 99), prompt(50, 99, 7)];
  const inputs = prompts.map((inputIds, num) => ({ ...request(num, 20), inputIds }));
  const order = byPrefixWeight(inputs.map((input) => new Ticket(new Req(input, 0)))).map(
    ({ req }) => req.num,
  );
  t.same(order, [3, 4, 1, 0, 2]);
  t.equal(firstOf('dfs-weight', 0, inputs)[0], 3);
  t.end();
});

t.test('random repeats with its seed and differs with another', (t) => {
  const reqs = Array.from({ length: 12 }, (_, num) => request(num, 20, { first: 15 * num }));
  const first = firstOf('random', 1, reqs);
  t.same(firstOf('random', 1, reqs), first);
  t.notSame(firstOf('random', 2, reqs), first);
  t.same(
    [...first].sort((a, b) => a - b),
    reqs.map(({ num }) => num),
  );
  t.end();
});
