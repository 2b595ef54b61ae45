import t from 'tap';

import { until } from '../until.js';
import { answerOf, startApp, type TestApp } from '../test-app.js';

type Json = Record<string, unknown>;

async function get(app: TestApp, path: string): Promise<Json> {
  return (await answerOf(await fetch(app.url + path))).json as Json;
}

t.test('what the server says of itself', async (t) => {
  const app = await startApp({ apiKey: null, weightVersion: 'v7' });
  t.teardown(() => {
    app.app.close();
  });

  t.test('model info, under both names', async (t) => {
    const expected = {
      model_path: 'models/tiny',
      tokenizer_path: 'models/tiny',
      is_generation: true,
      preferred_sampling_params: null,
      weight_version: 'v7',
    };
    t.strictSame(await get(app, '/get_model_info'), expected);
    t.strictSame(await get(app, '/model_info'), expected);
  });

  t.test('server info, under both names', async (t) => {
    for (const path of ['/get_server_info', '/server_info']) {
      const info = await get(app, path);
      t.match(info, {
        status: 'ready',
        max_total_num_tokens: 1024,
        max_req_input_len: 194,
        page_size: 16,
        dp_size: 1,
        model_path: 'models/tiny',
        kept_linears: { kept: 3, of: 9, by_kind: { qkv: { kept: 3, of: 4 } } },
        version: '0.0.0-test',
      });
      t.match((info['internal_states'] as Json[])[0], {
        last_gen_throughput: 12.5,
        memory_usage: { token_capacity: 1024 },
        kv_pool: { total_tokens: 1024, free_tokens: 1000, cached_tokens: 24, held_tokens: 0 },
        radix_tree: { num_nodes: 3, epoch: 1 },
      });
    }
  });

  t.test('the older endpoints', async (t) => {
    t.match(await get(app, '/get_server_args'), { schedule_policy: 'fcfs', api_key: null });
    t.equal((await answerOf(await fetch(`${app.url}/get_memory_pool_size`))).text, '1024');
    t.equal((await app.post('/get_memory_pool_size', '')).text, '1024');
    t.strictSame(await get(app, '/get_max_total_num_tokens'), { max_total_num_tokens: 1024 });
  });

  t.test('the model list', async (t) => {
    const card = {
      id: 'org/tiny',
      object: 'model',
      created: 1_700_000_000,
      owned_by: 'sglang',
      root: 'org/tiny',
      parent: null,
      max_model_len: 200,
    };
    t.strictSame(await get(app, '/v1/models'), { object: 'list', data: [card] });
    t.strictSame(await get(app, '/v1/models/org/tiny'), card);
    t.strictSame(await get(app, '/v1/models/org%2Ftiny'), card);
    const missing = await fetch(`${app.url}/v1/models/other`);
    t.equal(missing.status, 404);
    t.strictSame(await missing.json(), {
      error: {
        message: "The model 'other' does not exist",
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    });
  });
});

t.test('--compat chooses the key set of the model info', async (t) => {
  const releases = [
    ['2024-11', ['model_path', 'is_generation']],
    ['2025-06', ['tokenizer_path']],
    ['2025-09', ['preferred_sampling_params', 'weight_version']],
    ['2025-12', ['has_image_understanding', 'has_audio_understanding']],
    ['2026', ['model_type', 'architectures']],
  ] as const;
  let expected: readonly string[] = [];
  for (const [compat, added] of releases) {
    const app = await startApp({ compat });
    const info = await get(app, '/get_model_info');
    app.app.close();
    expected = [...expected, ...added];
    t.strictSame(Object.keys(info), expected, compat);
    t.equal(info['is_generation'], true);
  }
});

t.test('several devices give a list of pool sizes, and no key is shown', async (t) => {
  const app = await startApp({ dpSize: 2, apiKey: 'secret' });
  t.teardown(() => {
    app.app.close();
  });
  const headers = { authorization: 'Bearer secret' };
  const size = await fetch(`${app.url}/get_memory_pool_size`, { headers });
  t.equal(await size.text(), '[1024,1024]');
  const info = await fetch(`${app.url}/get_server_info`, { headers });
  t.notMatch(await info.text(), /secret/);
});

t.test('health', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    t.match(req.rid, /^HEALTH_CHECK_/);
    t.equal(req.sampling.maxNewTokens, 1);
    setImmediate(() => {
      app.scheduler.run(req, [5], { type: 'length', length: 1 });
    });
  };
  const status = async (path: string): Promise<number> => (await fetch(app.url + path)).status;
  t.equal(await status('/health'), 200);
  t.equal(await status('/health_generate'), 200);
  t.equal(app.engine.numLive, 0);

  app.scheduler.onAccepted = () => undefined;
  t.equal(await status('/health_generate'), 503, 'no answer in time');
  await until(() => app.engine.numLive === 0);

  app.scheduler.failure = { code: 'NO_DEVICE', message: 'No device.' };
  t.equal(await status('/health_generate'), 503);
  app.scheduler.failure = null;

  await app.app.beginDrain();
  t.equal(await status('/health'), 503);
  t.equal(await status('/health_generate'), 503);
  const refused = await app.post('/generate', { text: 'a' });
  t.equal(refused.status, 503);
  t.ok(refused.headers.get('retry-after'));
});
