import t from 'tap';

import { startApp } from './test-app.js';

const OPEN = new Set(['/health', '/health_generate', '/metrics', '/ready']);
/** Routes that any key may use: all others are the admin's. Whoever adds a route decides here. */
const PLAIN = new Set([
  '/',
  '/ping',
  '/ws',
  '/generate',
  '/api/chat',
  '/api/generate',
  '/api/embed',
  '/api/embeddings',
  '/api/tags',
  '/api/ps',
  '/api/version',
  '/api/show',
  '/api/pull',
  '/api/create',
  '/api/copy',
  '/api/push',
  '/api/delete',
  '/api/*',
  '/api/blobs/*',
  '/vertex_generate',
  '/invocations',
  '/rerank',
  '/v2/rerank',
  '/tokenizer_info',
  '/openapi.json',
  '/docs',
  '/redoc',
  '/embed_sparse',
  '/encode',
  '/classify',
  '/get_load',
  '/tokenize',
  '/get_model_info',
  '/model_info',
  '/get_server_info',
  '/server_info',
  '/get_server_args',
  '/get_memory_pool_size',
  '/get_max_total_num_tokens',
  '/limits',
  '/detokenize',
  '/open_session',
  '/parse_function_call',
  '/separate_reasoning',
  '/close_session',
  '/weight_version',
  '/get_weight_version',
]);

t.test('every route but health needs the key', async (t) => {
  const app = await startApp({
    apiKey: 'secret',
    enableFaultInjection: true,
    enableMetrics: true,
  });
  t.teardown(() => {
    app.app.close();
  });
  t.ok(app.app.routes.length > 10);
  for (const { methods, path } of app.app.routes) {
    const url = app.url + path.replace('/*', '/x');
    for (const method of methods) {
      const body = method === 'GET' ? null : '{}';
      const statusWith = async (headers: Record<string, string>): Promise<number> => {
        const response = await fetch(url, { method, body, headers });
        await response.text();
        return response.status;
      };
      if (OPEN.has(path)) {
        if (path === '/health') t.equal(await statusWith({}), 200);
        continue;
      }
      const name = `${method} ${path}`;
      t.equal(await statusWith({}), 401, `${name} without a key`);
      t.equal(await statusWith({ authorization: 'Bearer wrong' }), 401, `${name} with a wrong one`);
      t.not(await statusWith({ authorization: 'bearer secret' }), 401, `${name} with the key`);
    }
  }
});

t.test('with an admin key, what changes the server needs that one', async (t) => {
  for (const apiKey of ['plain', null]) {
    const app = await startApp({ apiKey, adminApiKey: 'admin', enableFaultInjection: true });
    t.teardown(() => {
      app.app.close();
    });
    for (const { methods, path } of app.app.routes) {
      if (OPEN.has(path)) continue;
      const method = methods.includes('GET') ? 'GET' : 'POST';
      const statusWith = async (key: string): Promise<number> => {
        const init = {
          method,
          headers: { 'x-api-key': key },
          body: method === 'GET' ? null : '{}',
        };
        const response = await fetch(app.url + path.replace('/*', '/x'), init);
        await response.text();
        return response.status;
      };
      const name = `${method} ${path} ${apiKey === null ? 'without' : 'with'} a plain key`;
      const isPlain = PLAIN.has(path) || path.startsWith('/v1/');
      t.equal((await statusWith('plain')) === 401, !isPlain, `${name}: plain`);
      t.equal((await statusWith('admin')) === 401, isPlain && apiKey !== null, `${name}: admin`);
    }
  }
});

t.test('what a refusal looks like', async (t) => {
  const app = await startApp({ apiKey: 'secret' });
  t.teardown(() => {
    app.app.close();
  });
  const { status, json } = await app.post('/generate', { text: 'a' });
  t.equal(status, 401);
  t.strictSame(json, { error: 'Unauthorized' });
  t.equal((await fetch(`${app.url}/nope`)).status, 401, 'unknown paths tell nothing');
  t.equal(
    (await fetch(`${app.url}/v1/models`, { headers: { 'x-api-key': 'secret' } })).status,
    200,
  );
  t.equal(
    (await fetch(`${app.url}/v1/models`, { headers: { authorization: 'secret' } })).status,
    401,
  );
});

t.test('without a key any header is as good as none', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const headers = { authorization: 'Bearer None' };
  t.equal((await fetch(`${app.url}/v1/models`, { headers })).status, 200);
});
