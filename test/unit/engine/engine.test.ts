import t from 'tap';

import { Engine } from '../../../src/engine/engine.js';
import type { GenerationInput } from '../../../src/engine/generation.js';
import { failureReason } from '../../../src/core/finish-reason.js';
import { GENERATE } from '../../../src/engine/request-kinds.js';
import { ScriptedScheduler } from '../../doubles/scripted-scheduler.js';
import { flatError } from '../../doubles/error-bodies.js';
import { startApp } from '../api/test-app.js';

function input(rid: string): GenerationInput {
  return {
    req: {
      rid,
      inputIds: Int32Array.of(1),
      sampling: {
        maxNewTokens: 4,
        minNewTokens: 0,
        temperature: 1,
        topP: 1,
        topK: 1,
        minP: 0,
        frequencyPenalty: 0,
        presencePenalty: 0,
        repetitionPenalty: 1,
        stopTokenIds: [],
        ignoreEos: false,
        thoughtBudget: null,
        logitBias: [],
        seed: 0,
        seedHigh: 0,
        sampleIndex: 0,
      },
      logprobs: null,
      hiddenStates: null,
      grammar: null,
      namespace: '',
      tenant: '',
      explainsMiss: false,
      dpRank: null,
      priority: 0,
    },
    text: null,
  };
}

function setup(): { engine: Engine; scheduler: ScriptedScheduler; lines: string[] } {
  const scheduler = new ScriptedScheduler();
  const lines: string[] = [];
  const engine = new Engine({
    scheduler,
    clock: { nowMs: () => 0 },
    onLog: (level, message) => lines.push(`${level} ${message}`),
  });
  return { engine, scheduler, lines };
}

t.test('a batch is accepted whole or not at all', async (t) => {
  const { engine, scheduler } = setup();
  t.equal((await engine.submit(GENERATE, [input('a'), input('b')])).length, 2);
  t.equal(engine.numLive, 2);
  scheduler.failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
  await t.rejects(engine.submit(GENERATE, [input('c'), input('d')]), { code: 'QUEUE_FULL' });
  t.equal(engine.numLive, 2);
});

t.test('who leaves a paused server is never submitted', async (t) => {
  const { engine, scheduler } = setup();
  await engine.pause('inPlace');
  const leave = engine.submit(GENERATE, [input('a'), input('b')], (submitted) => {
    for (const one of submitted) engine.abort(one);
  });
  const stay = engine.submit(GENERATE, [input('c')]);
  t.match(await leave, [{ finish: { type: 'abort' } }, { finish: { type: 'abort' } }]);
  t.equal(engine.numHeld, 1);
  engine.continue();
  t.match(await stay, [{ finish: null }]);
  t.same(
    [...scheduler.live.values()].map(({ rid }) => rid),
    ['c'],
  );
});

t.test('a pause waits for the requests of its time only', async (t) => {
  const { engine, scheduler } = setup();
  await engine.submit(GENERATE, [input('a')]);
  const paused = engine.pause('abort');
  engine.continue();
  await engine.submit(GENERATE, [input('b')]);
  await paused;
  t.equal(scheduler.live.size, 1);
});

t.test('a rid is taken while its request lives, and free after', async (t) => {
  const { engine, scheduler } = setup();
  const [first] = await engine.submit(GENERATE, [input('x')]);
  await t.rejects(engine.submit(GENERATE, [input('y'), input('x')]), {
    message: 'Duplicate request ID detected: x',
  });
  t.equal(engine.numLive, 1);
  scheduler.finish(first?.num ?? 0, { type: 'length', length: 0 });
  await t.resolves(engine.submit(GENERATE, [input('x')]));
  scheduler.failure = { code: 'NO_DEVICE', message: 'No device.' };
  await t.rejects(engine.submit(GENERATE, [input('z')]));
  scheduler.failure = null;
  await t.resolves(engine.submit(GENERATE, [input('z')]), 'a rejected rid is free');
});

t.test('messages about requests that are gone do nothing', async (t) => {
  const { engine, scheduler } = setup();
  const [generation] = await engine.submit(GENERATE, [input('x')]);
  scheduler.finish(generation?.num ?? 0, { type: 'length', length: 0 });
  scheduler.emit({
    kind: 'output',
    admitted: [],
    tokens: Int32Array.of(generation?.num ?? 0, 5, 99, 5),
    logprobs: [],
    hiddenRows: [],
    vectors: [],
    toCheck: [99],
    finished: [],
    timed: [],
  });
  t.strictSame(generation?.outputIds, []);
  if (generation !== undefined) engine.abort(generation);
  t.notOk(scheduler.received.some(({ kind }) => kind === 'abort'));
});

t.test('a dead scheduler fails what lives and what comes', async (t) => {
  const { engine } = setup();
  const [generation] = await engine.submit(GENERATE, [input('x')]);
  let updates = 0;
  generation?.updates.listen(() => updates++);
  const pending = engine.submit(GENERATE, [input('y')]);
  engine.fail({ code: 'INTERNAL', message: 'The scheduler is gone.' });
  t.match(generation?.finish, { type: 'abort', code: 'INTERNAL' });
  t.equal(updates, 1);
  await t.rejects(pending, { code: 'INTERNAL' });
  await t.rejects(engine.submit(GENERATE, [input('z')]), { code: 'INTERNAL' });
  t.equal(engine.numLive, 0);
});

t.test("the scheduler's log lines are passed on", (t) => {
  const { scheduler, lines } = setup();
  scheduler.emit({ kind: 'log', level: 'info', message: 'Decode batch.' });
  t.strictSame(lines, ['info Decode batch.']);
  t.end();
});

t.test('a full queue is a 503 with Retry-After, also for a stream', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
  for (const stream of [false, true]) {
    const { status, headers, json } = await app.post('/generate', { text: 'a', stream });
    t.equal(status, 503);
    t.ok(headers.get('retry-after'));
    t.strictSame(json, flatError(503, '503', 'The request queue is full.'));
  }
});

t.test('a device that fails is a 500, and the last chunk of a stream', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = ({ num }) => {
    setImmediate(() => {
      app.scheduler.finish(num, failureReason('DEVICE_FAILED', 'The device failed.'));
    });
  };
  const { status, json } = await app.post('/generate', { text: ['a', 'b'] });
  t.equal(status, 500);
  t.match(json, { object: 'error', message: 'The device failed.', code: 500 });
  const stream = await app.post('/generate', { text: 'a', stream: true });
  t.equal(stream.status, 200);
  t.match(stream.text, /^data: \{"text":"".*"type":"abort".*\}\n\ndata: \[DONE\]\n\n$/);
});

t.test('an abort by rid reaches those who wait for the end of a pause', async (t) => {
  const { engine, scheduler } = setup();
  await engine.pause('retract');
  const requests = engine.submit(GENERATE, [input('chat-1')]);
  engine.abortByRid('', false);
  t.equal(engine.numHeld, 1, 'an empty prefix means nobody');
  engine.abortByRid('chat', false, 'Enough.');
  t.match((await requests)[0]?.finish, { type: 'abort', message: 'Enough.' });
  const kept = engine.submit(GENERATE, [input('b')]);
  await engine.pause('abort');
  t.equal(engine.numHeld, 1, 'a pause ends those that run alone');
  engine.continue();
  await kept;
  t.same(
    [...scheduler.live.values()].map(({ rid }) => rid),
    ['b'],
  );
});
