import t from 'tap';

import { startApp } from './test-app.js';

const OPEN = new Set(['/health', '/health_generate']);

t.test('every route but health needs the key', async (t) => {
  const app = await startApp({ apiKey: 'secret', enableFaultInjection: true });
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
