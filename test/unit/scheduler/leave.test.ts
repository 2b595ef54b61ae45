import t from 'tap';
import { RESULT_FAILED } from '../../../src/core/batch.js';
import { expectedOutput } from '../../doubles/fake-device.js';
import { request, SchedulerRig } from '../../doubles/scheduler-rig.js';

const held = (rig: SchedulerRig): number | undefined =>
  rig.readState()?.devices[0]?.kvPool.heldTokens;
const abortNum = (num: number) =>
  ({ kind: 'abort', num, ridPrefix: '', all: false, message: null }) as const;

t.test('abort in the queue, in prefill and while decoding', (t) => {
  const config = { chunkedPrefillSize: 64, maxRunningRequests: 2 };
  const rig = new SchedulerRig({ config }).attach();
  rig.submit(request(1, 10, { sampling: { maxNewTokens: 100 } }));
  for (let i = 0; i < 5; i++) rig.step();
  rig.submit(request(2, 900)).submit(request(3, 30));
  rig.step();
  for (const num of [3, 2, 1]) rig.tell(abortNum(num));
  t.match(rig.reasonOf(3), { type: 'abort', message: 'Abort in waiting queue', code: null });
  t.match(rig.reasonOf(2), { type: 'abort', message: 'Aborted', code: null });
  t.match(rig.finishedOf(1), { reason: { message: 'Aborted' }, stats: { promptTokens: 10 } });
  t.equal(rig.finishedOf(1)?.stats.completionTokens, rig.tokensOf(1).length, 'partial answer kept');
  t.equal(held(rig), 0, 'pages are back before the steps in flight are');
  rig.run();
  t.equal(rig.finished.length, 3);
  t.equal(held(rig), 0);
  t.end();
});

t.test('abort by rid prefix and of all; unknown rids and an empty one are ignored', (t) => {
  const rig = new SchedulerRig().attach();
  const rids = ['a_0', 'a_1', 'b', 'c'];
  rig.submit(...rids.map((rid, num) => ({ ...request(num, 20), rid })));
  rig.tell({ kind: 'abort', num: null, ridPrefix: 'nobody', all: false, message: null });
  rig.tell({ kind: 'abort', num: null, ridPrefix: '', all: false, message: null });
  t.equal(rig.finished.length, 0);
  rig.tell({ kind: 'abort', num: null, ridPrefix: 'a_', all: false, message: null });
  t.same(
    rig.finished.map(({ num }) => num),
    [0, 1],
  );
  rig.tell({ kind: 'abort', num: null, ridPrefix: '', all: true, message: 'enough' });
  t.match(rig.reasonOf(3), { type: 'abort', message: 'enough', code: null });
  t.same(
    rig.finished.map(({ num }) => num),
    [0, 1, 2, 3],
  );
  t.end();
});

t.test('the device is spared rows in flight that nobody waits for any more', (t) => {
  const rig = new SchedulerRig({ config: { chunkedPrefillSize: 64 } }).attach();
  rig.submit(request(1, 900));
  rig.tell(abortNum(1));
  t.same(
    rig.inbox().map((message) => (message.kind === 'cancel' ? message.slot : message.kind)),
    ['step', 'step', 0],
  );
  rig.run();
  t.equal(held(rig), 0);
  t.end();
});

t.test('a slot whose rows are promised to the tree is not cancelled', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 64));
  t.ok(rig.plans[0]?.stores.length, 'the posted prefill stores the prompt');
  rig.tell(abortNum(1));
  t.notOk(rig.inbox().some(({ kind }) => kind === 'cancel'));
  rig.run();
  rig.submit(request(2, 64, { first: 1 })).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 48, 'and the next request has them');
  t.end();
});

t.test('an aborted answer does not enter the tree, a checked one does', (t) => {
  const cached = (rig: SchedulerRig) => rig.run().readState()?.devices[0]?.kvPool.cachedTokens;
  const options = { sampling: { maxNewTokens: 40 }, hasTextStops: true };
  const aborted = new SchedulerRig().attach();
  aborted
    .submit(request(1, 40, options))
    .stepUntil(1, 36)
    .tell(abortNum(1));
  t.equal(cached(aborted), 32, 'whole pages of the prompt');
  const checked = new SchedulerRig().attach();
  checked.submit(request(1, 40, options)).run();
  t.equal(cached(checked), 0, 'all of it is locked while main looks at it');
  checked.tell({ kind: 'textChecked', num: 1 });
  t.equal(cached(checked), 64, 'of 79 rows');
  t.end();
});

t.test('a stop string ends a running request where it matched, however late', (t) => {
  const rig = new SchedulerRig().attach();
  const req = request(1, 30, { hasTextStops: true, sampling: { maxNewTokens: 100 } });
  rig.submit(req);
  while (rig.tokensOf(1).length < 40) rig.step();
  rig.tell({ kind: 'stopAt', num: 1, numOutputTokens: 5, matched: 'END' });
  t.same(rig.reasonOf(1), { type: 'stop', matched: 'END' });
  t.equal(rig.finishedOf(1)?.stats.completionTokens, 5);
  rig.run();
  t.match(rig.readState()?.devices[0]?.kvPool, { heldTokens: 0, cachedTokens: 32 });
  const next = Int32Array.from([...req.inputIds, ...rig.tokensOf(1).slice(0, 40)]);
  rig.submit({ ...request(2, 1), inputIds: next }).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 32, 'no KV beyond the match is cached');
  t.end();
});

t.test('an ending waits for the text check, and a stop string overrides a length', (t) => {
  const rig = new SchedulerRig().attach();
  const options = { hasTextStops: true, sampling: { maxNewTokens: 6 } };
  rig.submit(request(1, 30, options), request(2, 31, options)).run();
  t.equal(rig.finished.length, 0);
  const asked = rig.toMain.flatMap((message) => (message.kind === 'output' ? message.toCheck : []));
  t.same(asked, [1, 2]);
  rig.tell({ kind: 'textChecked', num: 1 });
  t.same(rig.reasonOf(1), { type: 'length', length: 6 });
  rig.tell({ kind: 'stopAt', num: 2, numOutputTokens: 4, matched: 'END' });
  t.same(rig.reasonOf(2), { type: 'stop', matched: 'END' });
  t.equal(rig.finishedOf(2)?.stats.completionTokens, 4);
  rig.tell({ kind: 'stopAt', num: 2, numOutputTokens: 4, matched: 'END' });
  t.equal(rig.finished.length, 2, 'a late message changes nothing');
  t.equal(held(rig), 0);
  t.end();
});

t.test('a running answer is what it would be alone, after an abort beside it', (t) => {
  const rig = new SchedulerRig().attach();
  const req = request(1, 50, { sampling: { maxNewTokens: 20 } });
  rig.submit(req, request(2, 60, { first: 90 }));
  rig.step();
  rig.tell(abortNum(2)).run();
  t.same(rig.tokensOf(1), expectedOutput(req.inputIds, req.sampling, false).tokens);
  t.end();
});

t.test('a row without a distribution fails its own request and no other', (t) => {
  const rig = new SchedulerRig().attach();
  rig.submit(request(1, 20), request(2, 20));
  const [plan] = rig.plans;
  const timing = { startMs: 0, loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 };
  const tokens = Int32Array.of(0, 0, RESULT_FAILED, 1, 7, 0);
  t.equal(plan?.prefill.length, 2);
  rig.scheduler.receiveFromDevice(
    { rank: 0, generation: 0 },
    {
      kind: 'stepDone',
      result: {
        step: plan?.step ?? -1,
        tokens,
        turns: new Int32Array(0),
        logprobRows: [],
        hiddenRows: [],
        routing: null,
        timing,
      },
    },
  );
  t.match(rig.reasonOf(1), { type: 'abort', code: 'DEVICE_FAILED' });
  t.same(rig.tokensOf(1), []);
  t.equal(rig.tokensOf(2)[0], 7);
  t.equal(rig.finishedOf(2), undefined, 'its batch mate goes on');
  t.end();
});
