import t from 'tap';
import { expectedOutput } from '../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

/** 20 pages of 4 tokens; each request may need 30 of the 80 tokens. */
const LIMITS = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
/** Admission expects next to nothing of the future, so that pages run out. */
const config = { scheduleConservativeness: 0.001, deterministic: true };

t.test('when pages run out, requests are retracted and resume bit for bit', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
  const reqs = [0, 1, 2, 3].map((num) =>
    request(num, 12, { first: 50 * num, sampling: { maxNewTokens: 30 } }),
  );
  for (const req of reqs) rig.submit(req);
  rig.run();
  const retractions = rig.finished.map(({ stats }) => stats.numRetractions);
  t.ok(Math.max(...retractions) > 0, 'somebody was retracted');
  for (const req of reqs) {
    t.same(rig.tokensOf(req.num), expectedOutput(req.inputIds, req.sampling, true).tokens);
    t.same(rig.reasonOf(req.num), { type: 'length', length: 30 });
  }
  t.match(rig.logs, [/^Prefill batch/]);
  t.ok(rig.logs.some((line) => line.startsWith('KV cache pool is full. Retract requests.')));
  t.equal(rig.readState()?.devices[0]?.kvPool.heldTokens, 0);
  t.end();
});

t.test('a resumed request replays its outputs without emitting them', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
  for (const num of [0, 1, 2, 3]) {
    rig.submit(request(num, 12, { first: 50 * num, sampling: { maxNewTokens: 30 } }));
  }
  rig.run();
  const resumed = rig.plans
    .flatMap((plan) => plan.opens)
    .filter((o) => o.priorOutputIds.length > 0);
  t.ok(resumed.length > 0);
  for (const num of [0, 1, 2, 3]) t.equal(rig.tokensOf(num).length, 30);
  t.end();
});

t.test('a request alone that outgrows the pool ends with a reason, and the next one runs', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 100 } })).run();
  t.match(rig.reasonOf(1), {
    type: 'abort',
    message: 'The KV cache pool is full: this request alone needs more than its 80 tokens.',
    status_code: 400,
  });
  t.equal(rig.finishedOf(1)?.stats.completionTokens, rig.tokensOf(1).length);
  rig.submit(request(2, 40)).run();
  t.equal(rig.reasonOf(2)?.type, 'length');
  t.end();
});

t.test('a prompt that can never fit is refused when its turn comes', (t) => {
  const rig = new SchedulerRig({ limits: { ...LIMITS, slotLength: 200 } }).attach();
  rig
    .submit(request(1, 90), request(2, 60, { sampling: { maxNewTokens: 150 } }), request(3, 9))
    .run();
  t.match(rig.reasonOf(1), { status_code: 400, message: /KV cache of 90 tokens/ });
  t.match(rig.reasonOf(2), { status_code: 400, message: /needs 209 tokens of context/ });
  t.equal(rig.reasonOf(3)?.type, 'length');
  t.end();
});
