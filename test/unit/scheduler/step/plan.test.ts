import t from 'tap';
import { DECODE_STRIDE, type StepPlan } from '../../../../src/core/batch.js';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const numPrefillTokens = (plan: StepPlan): number =>
  plan.prefill.reduce((sum, row) => sum + row.tokens.length, 0);
const numDecodeRows = (plan: StepPlan): number => plan.decode.length / DECODE_STRIDE;

t.test('one request: prefill, decode, one ending, every page back', (t) => {
  const rig = new SchedulerRig().attach();
  const req = request(1, 40);
  rig.submit(req).run();
  const { tokens } = expectedOutput(req.inputIds, req.sampling, false);
  t.same(rig.tokensOf(1), tokens);
  t.equal(rig.finished.length, 1);
  t.same(rig.reasonOf(1), { type: 'length', length: 8 });
  t.match(rig.finishedOf(1)?.stats, { promptTokens: 40, completionTokens: 8, dpRank: 0 });
  const kvPool = rig.readState()?.devices[0]?.kvPool;
  t.match(kvPool, { totalTokens: 16384, heldTokens: 0, cachedTokens: 32 });
  t.end();
});

t.test('two steps are in flight, and a length ending wastes no row', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 3 } }));
  t.equal(rig.inbox().length, 2, 'the first decode step is posted while prefill runs');
  rig.run();
  t.equal(
    rig.plans.reduce((sum, plan) => sum + numDecodeRows(plan), 0),
    2,
  );
  t.end();
});

t.test('a stop token ends the request though a row of it is in flight', (t) => {
  const rig = new SchedulerRig().attach();
  const plain = request(1, 20, { sampling: { maxNewTokens: 30 } });
  const all = expectedOutput(plain.inputIds, plain.sampling, false).tokens;
  const stop = all[5] ?? -1;
  const until = all.slice(0, all.indexOf(stop) + 1);
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 30, stopTokenIds: [stop] } })).run();
  t.same(rig.tokensOf(1), until);
  t.same(rig.reasonOf(1), { type: 'stop', matched: stop });
  t.end();
});

t.test('a request for no tokens ends after its prompt', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 0 } })).run();
  t.same(rig.reasonOf(1), { type: 'length', length: 0 });
  t.same(rig.tokensOf(1), []);
  t.equal(rig.readState()?.devices[0]?.kvPool.heldTokens, 0);
  t.end();
});

for (const chunkedPrefillSize of [64, -1]) {
  t.test(`decoding goes on in every step of a long prefill (chunk ${chunkedPrefillSize})`, (t) => {
    const config = { chunkedPrefillSize, maxPrefillRowsWhileDecoding: 100 };
    const rig = new SchedulerRig({ config }).attach();
    rig.submit(request(1, 10, { sampling: { maxNewTokens: 200 } }));
    rig.step();
    const before = rig.plans.length;
    rig.submit(request(2, 1000));
    while (rig.tokensOf(2).length === 0) t.ok(rig.step());
    const mixed = rig.plans.slice(before).filter((plan) => numPrefillTokens(plan) > 0);
    t.ok(mixed.length >= 10, 'the prompt comes in chunks');
    for (const plan of mixed) {
      t.ok(numPrefillTokens(plan) <= (chunkedPrefillSize === -1 ? 100 : 64));
      t.ok(numDecodeRows(plan) >= 1, 'the other request gets its row');
    }
    t.end();
  });
}

t.test('who comes while two steps are in flight begins in one that may join the second', (t) => {
  for (const joinsSteps of [true, false]) {
    const rig = new SchedulerRig({
      config: { maxPrefillRowsWhileDecoding: 100 },
      joinsSteps,
    }).attach();
    rig.submit(request(1, 10, { sampling: { maxNewTokens: 200 } }));
    for (let i = 0; i < 3; i++) rig.step();
    const before = rig.plans.length;
    rig.submit(request(2, 70, { first: 500 }));
    rig.submit(request(3, 70, { first: 1000 }));
    rig.submit(request(4, 70, { first: 1500 }));
    const fresh = rig.plans.slice(before);
    t.same(
      fresh.map((plan) => [numPrefillTokens(plan), numDecodeRows(plan), plan.opens.length]),
      joinsSteps
        ? [
            [70, 0, 1],
            [30, 0, 1],
          ]
        : [],
      'as much as the step that they join has left',
    );
    rig.tell({ kind: 'pause', mode: 'inPlace' });
    rig.submit(request(5, 10, { first: 2000 }));
    t.equal(rig.plans.length, before + fresh.length, 'nothing begins in a pause');
    rig.tell({ kind: 'continue' }).run();
    for (const num of [1, 2, 3, 4, 5]) t.ok(rig.tokensOf(num).length > 0);
  }
  t.end();
});

t.test('without decoding, -1 takes a whole prompt in one step', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: -1 } }).attach();
  rig.submit(request(1, 1000));
  t.same(rig.plans.slice(0, 1).map(numPrefillTokens), [1000]);
  t.end();
});

t.test('slots are reused and never exceed the limits', (t) => {
  const rig = new SchedulerRig({ limits: { numSlots: 2 } }).attach();
  const reqs = Array.from({ length: 9 }, (_, i) => request(i, 20 + i, { first: 7 * i }));
  rig.submit(...reqs).run();
  for (const req of reqs) {
    const { tokens } = expectedOutput(req.inputIds, req.sampling, false);
    t.same(rig.tokensOf(req.num), tokens);
  }
  t.end();
});

t.test("SGLang's log lines", (t) => {
  const rig = new SchedulerRig({ config: { decodeLogInterval: 4 } }).attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 10 } }));
  rig.nowMs = 1000;
  rig.run();
  t.match(
    rig.logs[0],
    /^Prefill batch\. #new-seq: 1, #new-token: 40, #cached-token: 0, token usage: 0\.00, #running-req: 1, #queue-req: 0$/,
  );
  t.match(
    rig.logs.find((line) => line.startsWith('Decode')),
    /^Decode batch\. #running-req: 1, #token: 48, token usage: 0\.00, gen throughput \(token\/s\): [\d.]+, #queue-req: 0$/,
  );
  t.end();
});

t.test('while profiling, main hears of every step', (t) => {
  const rig = new SchedulerRig().attach().tell({ kind: 'profile', isOn: true });
  rig.submit(request(1, 20, { sampling: { maxNewTokens: 3 } })).run();
  const timed = () =>
    rig.toMain.flatMap((message) => (message.kind === 'output' ? message.timed : []));
  const steps = timed();
  t.match(steps[0], { step: 0, numPrefillTokens: 20, numDecodeRows: 0, device: { rank: 0 } });
  t.match(steps[0], { prefills: [{ rid: 'rid-1', numTokens: 20 }], numCachedTokens: 0 });
  t.match(steps[1], { step: 1, numPrefillTokens: 0, numDecodeRows: 1, prefills: [] });
  rig.submit(request(3, 20, { first: 1, sampling: { maxNewTokens: 1 } })).run();
  const resumed = timed().findLast(({ numPrefillTokens: num }) => num > 0);
  t.match(resumed, { numCachedTokens: 16, prefills: [{ rid: 'rid-3', numTokens: 4 }] });
  rig.tell({ kind: 'profile', isOn: false });
  const { length } = timed();
  rig.submit(request(2, 20)).run();
  t.equal(timed().length, length);
  t.end();
});

t.test('numbers of the configuration can change between two turns', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 1 } }).attach();
  rig.tell({ kind: 'setKnobs', knobs: { maxQueuedRequests: 1 } });
  for (let num = 0; num < 3; num++) rig.submit(request(num, 20, { first: 40 * num }));
  t.match(rig.last('submitted')?.failure, { code: 'QUEUE_FULL' });
  t.end();
});
