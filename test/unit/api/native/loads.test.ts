import t from 'tap';

import { answerOf, startApp } from '../test-app.js';

t.test('/get_load and /v1/loads', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const get = async (path: string) => answerOf(await fetch(app.url + path));

  t.strictSame((await get('/get_load')).json, [
    { dp_rank: 0, num_reqs: 2, num_waiting_reqs: 2, num_tokens: 30 },
  ]);

  const core = {
    num_running_reqs: 0,
    num_waiting_reqs: 2,
    num_waiting_uncached_tokens: 20,
    num_used_tokens: 0,
    num_total_tokens: 30,
    max_total_num_tokens: 1024,
    max_running_requests: 8,
    token_usage: 0,
    gen_throughput: 12.5,
    cache_hit_rate: 0.25,
    utilization: 0,
  };
  const all = (await get('/v1/loads')).json as { loads: Record<string, unknown>[] };
  t.match(all, { version: '0.0.0-test', accelerator: null, num_accelerators: 1 });
  t.match((all as { timestamp?: string }).timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  t.match(all.loads, [{ dp_rank: 0, ...core, memory: { token_capacity: 1024, graph_gb: 0 } }]);
  t.strictSame(all.loads[0]?.['queues'], { waiting: 2, grammar: 0, paused: 0, retracted: 1 });

  const some = (await get('/v1/loads?include=core&dp_rank=0')).json as { loads: unknown };
  t.strictSame(some.loads, [{ dp_rank: 0, ...core }]);
  t.match((await get('/v1/loads?dp_rank=7')).json, { loads: [] });

  const { text, headers } = await get('/v1/loads?format=prometheus&include=core,queues');
  t.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  t.match(text, '# TYPE sglang_num_used_tokens gauge\nsglang_num_used_tokens{dp_rank="0"} 0\n');
  t.match(text, 'sglang_queues_retracted{dp_rank="0"} 1\n');
  t.notMatch(text, 'memory');

  const bad = await get('/v1/loads?include=core,nope');
  t.equal(bad.status, 400);
  t.match(bad.json, { object: 'error', message: /^Invalid include sections: nope/ });
  t.equal((await get('/v1/loads?format=xml')).status, 400);
  t.equal((await get('/v1/loads?dp_rank=a')).status, 400);
});

t.test('what was accepted of drafts is shown where something speculates', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const get = async (path: string) => (await answerOf(await fetch(app.url + path))).json;
  const loads = async () => ((await get('/v1/loads?include=spec')) as { loads: unknown }).loads;
  t.strictSame(await loads(), [{ dp_rank: 0 }]);
  app.scheduler.drafts = { numPasses: 4, numDrafts: 10, numCorrect: 6, histogram: [1, 1, 1, 1] };
  const speculative = { accept_length: 2.5, accept_rate: 0.6 };
  t.strictSame(await loads(), [{ dp_rank: 0, speculative }]);
  t.match(await get('/get_server_info'), { internal_states: [{ avg_spec_accept_length: 2.5 }] });
});

t.test('/pause_generation holds new requests until /continue_generation', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const finish = () => {
    for (const req of [...app.scheduler.live.values()]) {
      app.scheduler.run(req, [97], { type: 'length', length: 1 });
    }
  };
  const running = app.post('/generate', { text: 'x' });
  while (app.scheduler.live.size === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  t.strictSame((await app.post('/pause_generation', '')).json, {
    message: 'Generation paused successfully.',
    status: 'ok',
  });
  t.match((await running).json, { meta_info: { finish_reason: { type: 'abort' } } });

  const held = app.post('/generate', { text: 'y' });
  while (app.engine.numHeld === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  t.equal(app.scheduler.live.size, 0, 'the scheduler knows nothing of it');
  app.scheduler.onAccepted = () => {
    setImmediate(finish);
  };
  t.strictSame((await app.post('/continue_generation', { torch_empty_cache: true })).json, {
    message: 'Generation continued successfully.',
    status: 'ok',
  });
  t.match((await held).json, { text: 'a', meta_info: { completion_tokens: 1 } });

  for (const mode of ['retract', 'in_place']) {
    t.equal((await app.post('/pause_generation', { mode })).status, 200);
  }
  const modes = app.scheduler.received.flatMap((m) => (m.kind === 'pause' ? [m.mode] : []));
  t.strictSame(modes, ['retract', 'inPlace']);
  t.equal((await app.post('/pause_generation', { mode: 'x' })).status, 400);
});
