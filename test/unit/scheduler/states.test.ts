/** Where the states of a model with recurrent layers are kept, and who goes on from them. */
import t from 'tap';
import type { ReqInput, StateLimits } from '../../../src/messages.js';
import { expectedOutput } from '../../doubles/fake-device.js';
import { request, SchedulerRig, type RigOptions } from '../../doubles/scheduler-rig.js';

const STATES: StateLimits = { numPlaces: 64, intervalTokens: 256 };

function rigWith(options: RigOptions = {}, states: Partial<StateLimits> = {}): SchedulerRig {
  const limits = { ...options.limits, states: { ...STATES, ...states } };
  return new SchedulerRig({ ...options, limits }).attach();
}

/** Prompt tokens that the request had from the cache; its answer is what it would be without. */
function cachedOf(rig: SchedulerRig, req: ReqInput): number {
  rig.submit(req).run();
  const { tokens } = expectedOutput(req.inputIds, req.sampling, false);
  t.same(rig.tokensOf(req.num), tokens, `answer of ${req.num}`);
  return rig.finishedOf(req.num)?.stats.cachedTokens ?? -1;
}

function statePool(rig: SchedulerRig) {
  return rig.readState()?.devices[0]?.statePool;
}

/** So many tokens of one prompt, and then others. */
function forked(num: number, shared: number, length: number): ReqInput {
  const req = request(num, length, { first: 0 });
  req.inputIds.fill(100 + num, shared);
  return req;
}

t.test('a prompt that comes again goes on from its last whole page', (t) => {
  const rig = rigWith();
  t.equal(cachedOf(rig, request(1, 100, { first: 0 })), 0);
  t.equal(cachedOf(rig, request(2, 100, { first: 0 })), 96);
  t.equal(cachedOf(rig, request(3, 96, { first: 0 })), 0, 'its last token is always computed');
  t.equal(cachedOf(rig, request(4, 96, { first: 0 })), 80);
  t.equal(statePool(rig)?.held, 0);
  t.end();
});

t.test('the next turn of a chat goes on where the answer ended', (t) => {
  const rig = rigWith();
  const turn = request(1, 50, { first: 0, sampling: { maxNewTokens: 40 } });
  t.equal(cachedOf(rig, turn), 0);
  const next = [...turn.inputIds, ...rig.tokensOf(1), 7, 8, 9];
  const inputIds = Int32Array.from(next);
  t.equal(cachedOf(rig, request(2, 1, { inputIds })), 80, 'behind 89 rows');
  t.end();
});

t.test('a stop string takes back what was computed behind it', (t) => {
  const rig = rigWith();
  const turn = request(1, 50, { first: 0, sampling: { maxNewTokens: 40 }, hasTextStops: true });
  rig.submit(turn).stepUntil(1, 34);
  rig.tell({ kind: 'stopAt', num: 1, numOutputTokens: 29, matched: 'END' }).run();
  const next = [...turn.inputIds, ...rig.tokensOf(1)].slice(0, 50 + 29);
  const inputIds = Int32Array.from([...next, 7, 8, 9]);
  t.equal(cachedOf(rig, request(2, 1, { inputIds })), 64, 'not 80');
  t.equal(statePool(rig)?.held, 0);
  t.end();
});

t.test('of a long prompt a state is kept every so many tokens', (t) => {
  const rig = rigWith();
  cachedOf(rig, request(1, 1000, { first: 0 }));
  t.equal(cachedOf(rig, forked(2, 700, 1000)), 512);
  const saved = rig.plans.flatMap(({ saves }) => saves.map(({ numTokens }) => numTokens));
  t.same(saved.slice(0, 4), [256, 512, 768, 992]);
  t.end();
});

t.test('the second prompt to part from another has the third go on from there', (t) => {
  const rig = rigWith();
  t.equal(cachedOf(rig, forked(1, 100, 150)), 0);
  t.equal(cachedOf(rig, forked(2, 100, 150)), 0);
  t.equal(cachedOf(rig, forked(3, 100, 150)), 96);
  t.equal(cachedOf(rig, forked(4, 100, 200)), 96);
  t.end();
});

t.test('prompts that come together compute what they share once', (t) => {
  const rig = rigWith();
  const reqs = [1, 2, 3].map((num) => forked(num, 100, 150));
  rig.submit(...reqs).run();
  const cached = reqs.map(({ num }) => rig.finishedOf(num)?.stats.cachedTokens);
  t.same(cached, [0, 96, 96]);
  t.end();
});

t.test('a retracted request goes on near where it was', (t) => {
  const rig = rigWith();
  const req = request(1, 48, { sampling: { maxNewTokens: 60 } });
  rig.submit(req).stepUntil(1, 30);
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  const numRows = 48 + rig.tokensOf(1).length - 1;
  rig.tell({ kind: 'continue' }).run();
  const again = rig.plans.find(({ opens }) => opens.some((open) => open.priorOutputIds.length > 0));
  t.equal(again?.loads[0]?.numTokens, 16 * Math.floor(numRows / 16));
  t.same(rig.tokensOf(1), expectedOutput(req.inputIds, req.sampling, false).tokens);
  t.end();
});

t.test('a half computed prompt that is retracted goes on from its last state', (t) => {
  const rig = rigWith({ config: { chunkedPrefillSize: 64 } }, { intervalTokens: 128 });
  const req = request(1, 400);
  rig.submit(req).step();
  rig.tell({ kind: 'pause', mode: 'retract' });
  while (rig.step());
  rig.tell({ kind: 'continue' }).run();
  const loaded = rig.plans.flatMap(({ loads }) => loads.map(({ numTokens }) => numTokens));
  t.same(loaded, [128], 'of 192 rows');
  t.same(rig.tokensOf(1), expectedOutput(req.inputIds, req.sampling, false).tokens);
  t.end();
});

t.test(
  'a stop string that comes while outputs are repeated promises no row that is spared',
  (t) => {
    for (let numSteps = 8; numSteps < 24; numSteps++) {
      const rig = rigWith();
      rig.submit(request(1, 48, { sampling: { maxNewTokens: 60 }, hasTextStops: true }));
      rig.stepUntil(1, 40).tell({ kind: 'pause', mode: 'retract' });
      while (rig.step());
      rig.tell({ kind: 'flushCache', id: 1 }).tell({ kind: 'continue' });
      for (let i = 0; i < numSteps; i++) rig.step();
      rig.tell({ kind: 'stopAt', num: 1, numOutputTokens: 40, matched: 'END' });
      rig.cancelFirst().run();
      const answer = rig.tokensOf(1).slice(0, 40);
      const inputIds = Int32Array.from([...request(1, 48).inputIds, ...answer, 7, 8, 9]);
      t.ok(cachedOf(rig, request(2, 1, { inputIds })) >= 32, `after ${numSteps} steps`);
    }
    t.end();
  },
);

t.test('an aborted request leaves no state and holds no place', (t) => {
  const rig = rigWith();
  rig.submit(request(1, 300, { sampling: { maxNewTokens: 200 } })).stepUntil(1, 20);
  const held = statePool(rig)?.held;
  t.ok((held ?? 0) > 0, `${held} places are held`);
  rig.tell({ kind: 'abort', num: 1, ridPrefix: '', all: false, message: null }).run();
  t.match(statePool(rig), { total: 64, held: 0 });
  rig.tell({ kind: 'flushCache', id: 1 });
  t.match(statePool(rig), { free: 64, cached: 0, held: 0 });
  t.end();
});

t.test('where places are short the last states of prompts are kept, and nobody waits', (t) => {
  const rig = rigWith({}, { numPlaces: 2 });
  for (const num of [1, 2, 3]) t.equal(cachedOf(rig, request(num, 600, { first: 60 * num })), 0);
  t.equal(cachedOf(rig, request(4, 600, { first: 180 })), 592, 'the newest');
  t.equal(cachedOf(rig, request(5, 600, { first: 60 })), 0, 'not the oldest');
  t.end();
});

t.test('growing answers take half of the places at most', (t) => {
  const rig = rigWith({}, { numPlaces: 8 });
  for (let num = 0; num < 12; num++) {
    rig.submit(request(num, 20, { first: 15 * num, sampling: { maxNewTokens: 100 } }));
  }
  rig.stepUntil(11, 60);
  const link = [...rig.scheduler.parts.devices][0];
  const held = [...(link?.seats ?? [])].flatMap(({ statePlaces }) => statePlaces);
  t.equal(held.length, 4);
  rig.run();
  t.equal(statePool(rig)?.held, 0);
  t.end();
});

t.test('an answer does not depend on what was cached, where that is asked for', (t) => {
  const rig = rigWith({ config: { deterministic: true } });
  const turn = request(1, 50, { first: 0, sampling: { maxNewTokens: 40 } });
  rig.submit(turn).run();
  const saved = rig.plans.flatMap(({ saves }) => saves.map(({ numTokens }) => numTokens));
  t.same(saved, [48], 'nothing of what decoding made');
  const inputIds = Int32Array.from([...turn.inputIds, ...rig.tokensOf(1), 7, 8, 9]);
  const next = request(2, 1, { inputIds });
  rig.submit(next).run();
  t.equal(rig.finishedOf(2)?.stats.cachedTokens, 48);
  t.same(rig.tokensOf(2), expectedOutput(inputIds, next.sampling, true).tokens);
  t.end();
});

t.test('who asks is told that rows are there and no state', (t) => {
  const rig = rigWith();
  cachedOf(rig, forked(1, 100, 150));
  rig.submit({ ...forked(2, 100, 150), explainsMiss: true }).run();
  const admitted = rig.toMain.flatMap((message) =>
    message.kind === 'output' ? message.admitted : [],
  );
  t.match(admitted.at(-1)?.miss, { cause: 'recurrent_state', position: 0 });
  t.end();
});

t.test('a model without states has none of it', (t) => {
  const rig = new SchedulerRig().attach();
  cachedOf(rig, request(1, 600, { first: 0 }));
  t.equal(cachedOf(rig, request(2, 600, { first: 0 })), 592);
  t.same(
    rig.plans.flatMap(({ saves }) => saves),
    [],
  );
  t.notOk(rig.ops.some(({ op }) => op === 'leaseStates' || op === 'returnStates'));
  t.notOk(rig.plans.flatMap(({ loads }) => loads).some((load) => 'statePlace' in load));
  t.equal(statePool(rig), null);
  t.end();
});

t.test('nothing is kept where nothing is shared', (t) => {
  const rig = rigWith({ config: { disableRadixCache: true } });
  cachedOf(rig, request(1, 100, { first: 0 }));
  t.equal(cachedOf(rig, request(2, 100, { first: 0 })), 0);
  t.same(
    rig.plans.flatMap(({ saves }) => saves),
    [],
  );
  t.end();
});
