import t from 'tap';
import { expectedOutput } from '../../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../../doubles/scheduler-rig.js';

const prefillRows = (rig: SchedulerRig): number =>
  rig.plans.reduce(
    (sum, plan) => sum + plan.prefill.reduce((rows, row) => rows + row.tokens.length, 0),
    0,
  );

t.test('a repeated prompt is loaded, all but what a match must leave', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64, { first: 5 })).run();
  rig.submit(request(2, 64, { first: 5 })).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 48, 'whole pages, and one token left to compute');
  t.same(rig.tokensOf(2), rig.tokensOf(1));
  t.end();
});

t.test('a burst with one new prefix computes it once', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(...Array.from({ length: 32 }, (_, i) => request(i, 512, { first: 3 }))).run();
  const cached = rig.finished.map(({ stats }) => stats.cachedTokens).sort((a, b) => a - b);
  t.same(cached, [0, ...Array.from({ length: 31 }, () => 496)]);
  t.equal(prefillRows(rig), 512 + 31 * 16);
  t.end();
});

t.test('requests that share little are not held back', (t) => {
  const rig = new SchedulerRig().attach();
  const head = request(0, 20, { first: 3 }).inputIds;
  const withTail = (num: number) => ({
    ...request(num, 60),
    inputIds: Int32Array.from([...head, ...request(num, 40, { first: 40 * num }).inputIds]),
  });
  rig.submit(withTail(1), withTail(2));
  t.equal(rig.plans[0]?.prefill.length, 2, 'both start in the first step');
  t.end();
});

t.test('namespaces share nothing and wait for nobody', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64, { first: 5 }), request(2, 64, { first: 5, namespace: 'other' }));
  t.equal(rig.plans[0]?.prefill.length, 2);
  rig.run();
  rig.submit(request(3, 64, { first: 5, namespace: 'third' })).run();
  t.same(
    rig.finished.map(({ stats }) => stats.cachedTokens),
    [0, 0, 0],
  );
  t.end();
});

t.test('those held back start when the one they wait for is aborted', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
  rig.submit(request(1, 512, { first: 5 }), request(2, 512, { first: 5 }));
  t.same(rig.plans.flatMap((plan) => plan.opens).length, 1);
  rig.tell({ kind: 'abort', num: 1, ridPrefix: '', all: false, message: null }).run();
  t.equal(rig.reasonOf(1)?.type, 'abort');
  t.equal(rig.reasonOf(2)?.type, 'length');
  t.end();
});

t.test('a match leaves the rows whose logits score the prompt', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64, { first: 5 })).run();
  const logprobs = { startLen: 30, topNum: 0, tokenIds: [] };
  rig.submit(request(2, 64, { first: 5, logprobs })).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 16, 'row 29 must be computed');
  const positions = rig.toMain.flatMap((message) =>
    message.kind === 'output' ? message.logprobs.map(({ part, position }) => [part, position]) : [],
  );
  t.same(
    positions.filter(([part]) => part === 'prompt').map(([, position]) => position),
    Array.from({ length: 34 }, (_, i) => 30 + i),
  );
  t.equal(positions.filter(([part]) => part === 'output').length, 8);
  t.end();
});

t.test('answers are reused by the next turn, unless deterministic', (t) => {
  for (const deterministic of [false, true]) {
    const rig = new SchedulerRig({ config: { deterministic } }).attach();
    const first = request(1, 32, { first: 5, sampling: { maxNewTokens: 40 } });
    rig.submit(first).run();
    const inputIds = Int32Array.from([...first.inputIds, ...rig.tokensOf(1), 1, 2, 3]);
    rig.submit({ ...request(2, 1), inputIds }).run();
    t.equal(rig.finishedOf(2)?.stats.cachedTokens, deterministic ? 32 : 64);
  }
  t.end();
});

t.test('a waiting request is matched again when the answer it goes on from has come', (t) => {
  const rig = new SchedulerRig({ limits: { numSlots: 1 } }).attach();
  const first = request(1, 32, { first: 5, sampling: { maxNewTokens: 40 } });
  const { tokens } = expectedOutput(first.inputIds, first.sampling, false);
  const inputIds = Int32Array.from([...first.inputIds, ...tokens, 1, 2, 3]);
  rig.submit(first).stepUntil(1, 5);
  rig.submit({ ...request(2, 1), inputIds }).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 64, 'not the 32 of the match before');
  t.end();
});

t.test('--disable-radix-cache asks the cache for pages only', (t) => {
  const rig = new SchedulerRig({ config: { disableRadixCache: true } }).attach();
  rig.submit(request(1, 64, { first: 5 })).run();
  rig.submit(request(2, 64, { first: 5 })).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 0);
  t.same(
    rig.ops.filter(({ op }) => op === 'match' || op === 'insert'),
    [],
  );
  t.equal(rig.readState()?.devices[0]?.kvPool.heldTokens, 0);
  t.end();
});

t.test('a match that comes after its request has gone is unlocked', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64, { first: 5 })).run();
  const late = request(2, 64, { first: 5 });
  rig.scheduler.receiveFromMain({ kind: 'submit', batch: 9, reqs: [late] });
  rig.tell({ kind: 'abort', num: 2, ridPrefix: '', all: false, message: null });
  t.match(rig.cache.snapshot(), [{ lockedPages: 0 }]);
  t.end();
});
