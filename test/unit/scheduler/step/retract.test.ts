import t from 'tap';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

/** 20 pages of 4 tokens; each request may need 30 of the 80 tokens. */
const LIMITS = { numPages: 20, pageSizeTokens: 4, numSlots: 4 };
/** Admission expects next to nothing of the future, so that pages run out. */
const config = { scheduleConservativeness: 0.001, deterministic: true };

const wholePages = (numTokens: number): number => 16 * Math.floor(numTokens / 16);

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

t.test('what a victim has computed goes to the tree and is loaded when it resumes', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 48, { sampling: { maxNewTokens: 60 } })).stepUntil(1, 30);
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  const numOutputs = rig.tokensOf(1).length;
  rig.tell({ kind: 'continue' });
  const again = rig.plans.find(({ opens }) => opens.some((open) => open.priorOutputIds.length > 0));
  t.equal(again?.loads[0]?.numTokens, wholePages(48 + numOutputs - 1), 'prompt and outputs');
  t.equal(again?.prefill.length, 0);
  t.end();
});

t.test('so do the chunks of a prompt that is only half computed', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
  rig.submit(request(1, 400));
  rig.step();
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  rig.tell({ kind: 'continue' }).run();
  t.same(
    rig.plans.flatMap(({ loads }) => loads.map(({ numTokens }) => numTokens)),
    [3 * 64],
    'one step had run when the pause came, and two were in flight',
  );
  const numRows = rig.plans.flatMap(({ prefill }) => prefill).map(({ tokens }) => tokens.length);
  t.equal(
    numRows.reduce((sum, rows) => sum + rows, 0),
    400,
    'no row of the prompt is computed twice',
  );
  t.end();
});

const numRetractions = (rig: SchedulerRig, ...nums: readonly number[]) =>
  nums.map((num) => rig.finishedOf(num)?.stats.numRetractions ?? -1);
const retractLogs = (rig: SchedulerRig) =>
  rig.logs.filter((line) => line.startsWith('KV cache pool is full.'));

t.test('the request with the fewest outputs is retracted, not the one that is further', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
  const options = { sampling: { maxNewTokens: 40 } };
  rig.submit(request(1, 12, options)).stepUntil(1, 10);
  rig.submit(request(2, 12, { first: 90, ...options })).run();
  t.same(numRetractions(rig, 1, 2), [0, 1]);
  t.end();
});

t.test('of requests with as many outputs the one with the longest prompt is retracted', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
  const options = { sampling: { maxNewTokens: 36 } };
  rig.submit(request(1, 8, options), request(2, 24, { first: 90, ...options })).run();
  t.same(numRetractions(rig, 1, 2), [0, 1]);
  t.end();
});

t.test('no more are retracted than give the others room for 20 tokens each', (t) => {
  const start = (promptLens: readonly number[]) => {
    const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
    const reqs = promptLens.map((promptLen, num) =>
      request(num, promptLen, { first: 50 * num, sampling: { maxNewTokens: 16 } }),
    );
    return retractLogs(rig.submit(...reqs).run())[0];
  };
  t.match(start([8, 8, 36]), '#retracted_reqs: 1,', 'one victim frees the pages of two');
  t.match(start([12, 12, 12, 12]), '#retracted_reqs: 2,', 'half free the pages of the other half');
  t.end();
});

t.test(
  'a retraction raises the ratio to what those that stay have shown, until all is idle',
  (t) => {
    const rig = new SchedulerRig({ limits: LIMITS, config }).attach();
    const options = { sampling: { maxNewTokens: 50 } };
    const ratio = () => rig.readState()?.devices[0]?.load.newTokenRatio ?? NaN;
    rig.submit(request(1, 12, options), request(2, 12, { first: 90, ...options }));
    t.ok(ratio() < 0.001, 'what admission expects before');
    while (retractLogs(rig).length === 0) t.ok(rig.step());
    const seen = (rig.tokensOf(1).length + 20) / (50 + 1);
    t.match(retractLogs(rig)[0], `#new_token_ratio: ${seen.toFixed(4)}`);
    t.equal(ratio(), seen);
    rig.step();
    t.ok(ratio() < seen && ratio() > 0.9 * seen, 'from there it decays step by step');
    rig.run();
    t.ok(ratio() < 0.001, 'nothing runs: it begins anew');
    t.end();
  },
);

t.test('victims wait in front of all others, in the order in which they ran', (t) => {
  const rig = new SchedulerRig({ config: { maxRunningRequests: 2 } }).attach();
  rig.submit(...[1, 2, 3, 4].map((num) => request(num, 20, { first: 40 * num })));
  rig.step();
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  rig.tell({ kind: 'continue' }).run();
  t.same(
    rig.finished.map(({ num }) => num),
    [1, 2, 3, 4],
  );
  t.same(numRetractions(rig, 1, 2, 3, 4), [1, 1, 0, 0]);
  t.end();
});

t.test('a request alone that outgrows the pool ends with a reason, and the next one runs', (t) => {
  const rig = new SchedulerRig({ limits: LIMITS }).attach();
  rig.submit(request(1, 40, { sampling: { maxNewTokens: 100 } })).run();
  t.match(rig.reasonOf(1), {
    type: 'abort',
    message:
      'The KV cache pool is full: this request alone needs more than its 80 tokens (--max-total-tokens).',
    code: 'INVALID_REQUEST',
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
  t.match(rig.reasonOf(1), {
    code: 'INVALID_REQUEST',
    message: /KV cache of 90 tokens.*--max-total-tokens/,
  });
  t.match(rig.reasonOf(2), {
    code: 'INVALID_REQUEST',
    message: /needs 209 tokens of context.*--context-length/,
  });
  t.equal(rig.reasonOf(3)?.type, 'length');
  t.end();
});
