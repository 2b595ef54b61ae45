import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import type { HttpEngine } from '../../../src/http/server.js';
import { detailError } from '../../doubles/error-bodies.js';
import { ENGINES } from '../http/engines.js';
import { rawHttp } from './raw-http.js';
import { answerOf, startApp, type TestApp } from './test-app.js';

async function open(
  t: { teardown(fn: () => void): void },
  http: HttpEngine,
  args = {},
): Promise<TestApp> {
  const app = await startApp({ ...args, httpServer: http.name });
  t.teardown(() => {
    app.app.close();
  });
  return app;
}

for (const http of ENGINES) {
  t.test(`${http.name}: methods and paths`, async (t) => {
    const app = await open(t, http);

    t.test('an unknown path is 404', async (t) => {
      const { status, json } = await answerOf(await fetch(`${app.url}/nope`));
      t.equal(status, 404);
      t.strictSame(json, detailError(404, 'NotFound', 'Not Found'));
    });

    t.test('a wrong method is 405 and says which are right', async (t) => {
      const response = await fetch(`${app.url}/generate`);
      t.equal(response.status, 405);
      t.equal(response.headers.get('allow'), 'POST, PUT');
      t.strictSame(
        await response.json(),
        detailError(405, 'MethodNotAllowed', 'Method Not Allowed'),
      );
      const info = await fetch(`${app.url}/model_info`, { method: 'DELETE' });
      t.equal(info.headers.get('allow'), 'GET, HEAD');
    });

    t.test('HEAD has the headers of GET and no body', async (t) => {
      const get = await fetch(`${app.url}/model_info`);
      const length = (await get.text()).length;
      const head = await fetch(`${app.url}/model_info`, { method: 'HEAD' });
      t.equal(head.status, 200);
      t.equal(head.headers.get('content-length'), String(length));
      t.equal(head.headers.get('content-type'), 'application/json');
      t.equal(await head.text(), '');
      t.equal((await fetch(`${app.url}/generate`, { method: 'HEAD' })).status, 405);
    });

    t.test('plain replies carry no content type', async (t) => {
      const response = await fetch(`${app.url}/health`);
      t.equal(response.status, 200);
      t.equal(response.headers.get('content-type'), null);
      t.equal(await response.text(), '');
    });
  });

  t.test(`${http.name}: with a key any origin may ask, and is named`, async (t) => {
    const app = await open(t, http, { apiKey: 'k' });
    const plain = await fetch(`${app.url}/health`, { headers: { origin: 'http://a' } });
    t.equal(plain.headers.get('access-control-allow-origin'), 'http://a');
    t.equal(plain.headers.get('access-control-allow-credentials'), 'true');
    t.equal(plain.headers.get('vary'), 'Origin');
    t.equal(
      (await fetch(`${app.url}/health`)).headers.get('access-control-allow-origin'),
      null,
      'only when an origin asks',
    );
    const preflight = await fetch(`${app.url}/generate`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://a',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization',
      },
    });
    t.equal(preflight.status, 200);
    t.equal(preflight.headers.get('access-control-allow-origin'), 'http://a');
    t.match(preflight.headers.get('access-control-allow-methods'), /POST/);
    t.equal(preflight.headers.get('access-control-allow-headers'), 'content-type,authorization');
    const denied = await fetch(`${app.url}/model_info`, { headers: { origin: 'http://a' } });
    t.equal(denied.status, 401);
    const allowed = denied.headers.get('access-control-allow-origin');
    t.equal(allowed, 'http://a', 'a page can read the 401');
  });

  t.test(`${http.name}: without a key no foreign page may ask`, async (t) => {
    const app = await open(t, http);
    const post = (headers: Record<string, string>) =>
      app.post('/flush_cache', '', { 'content-type': 'text/plain', ...headers });
    const foreign = await post({ origin: 'https://evil.example' });
    t.equal(foreign.status, 403);
    t.match(foreign.json, { type: 'Forbidden', code: 403, message: /--cors-origins/ });
    t.equal(foreign.headers.get('access-control-allow-origin'), null);
    const preflight = await fetch(`${app.url}/generate`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    t.equal(preflight.status, 403);
    for (const origin of ['http://localhost:5173', app.url]) {
      const own = await post({ origin });
      t.not(own.status, 403, origin);
      t.equal(own.headers.get('access-control-allow-origin'), origin);
    }
  });

  t.test(`${http.name}: without a key a loopback server is asked by its own names`, async (t) => {
    const ask = async (app: TestApp, host: string) =>
      (await rawHttp(app.port, `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).text;
    const app = await open(t, http, { allowedHosts: ['radish.lan'] });
    t.match(await ask(app, 'evil.example'), /^HTTP\/1\.1 403 [^]*--allowed-hosts/);
    for (const host of ['localhost:1', '127.0.0.1', 'radish.lan:30000'])
      t.match(await ask(app, host), /^HTTP\/1\.1 200 /);
    const locked = await open(t, http, { apiKey: 'k' });
    t.match(await ask(locked, 'evil.example'), /^HTTP\/1\.1 200 /, 'the key protects');
  });

  t.test(`${http.name}: a slash too many is pointed to the route`, async (t) => {
    const app = await open(t, http);
    const manual = { redirect: 'manual' } as const;
    const moved = await fetch(`${app.url}/model_info/?a=1`, manual);
    t.equal(moved.status, 307);
    t.equal(moved.headers.get('location'), '/model_info?a=1');
    t.equal((await fetch(`${app.url}/model_info/`)).status, 200);
    t.equal((await fetch(`${app.url}/nope/`, manual)).status, 404);
  });

  t.test(`${http.name}: oversized requests`, async (t) => {
    const app = await open(t, http);
    const post = 'POST /generate HTTP/1.1\r\nHost: localhost\r\n';

    t.test('huge headers, few or many, are 431', async (t) => {
      const one = await rawHttp(app.port, `${post}Big: ${'x'.repeat(20_000)}\r\n\r\n`);
      t.match(one.text, /^HTTP\/1\.1 431 /);
      t.ok(one.isClosed);
      const many = Array.from({ length: 500 }, (_, i) => `H${i}: ${'x'.repeat(40)}\r\n`).join('');
      const answer = await rawHttp(app.port, `${post}${many}\r\n`);
      t.match(answer.text, /^HTTP\/1\.1 431 /);
      t.ok(answer.isClosed);
    });

    t.test('a body over the limit is 413 before it is sent', async (t) => {
      const { text, isClosed } = await rawHttp(
        app.port,
        `${post}Content-Length: 99999999\r\n\r\n{`,
      );
      t.match(text, /^HTTP\/1\.1 413 /);
      t.match(text, /"type":"PayloadTooLarge","param":null,"code":413/);
      t.ok(isClosed);
    });

    t.test('chunked bodies work', async (t) => {
      const { text } = await rawHttp(
        app.port,
        `${post}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      );
      t.match(text, /Either text, input_ids/);
    });

    t.test('the server answers as before', async (t) => {
      t.equal((await fetch(`${app.url}/health`)).status, 200);
    });
  });

  t.test(`${http.name}: a large body goes out whole to a slow reader`, async (t) => {
    const body = 'x'.repeat(8 * 1024 * 1024);
    const server = http.createServer({
      handle: (_, reply) => {
        reply.send({ status: 200, body });
      },
    });
    t.teardown(() => {
      server.close();
    });
    const port = await server.listen('127.0.0.1', 0);
    const response = await fetch(`http://127.0.0.1:${port}/`);
    let numBytes = 0;
    for await (const chunk of response.body ?? []) {
      numBytes += (chunk as Uint8Array).length;
      if (numBytes < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.equal(numBytes, body.length);
  });

  t.test(`${http.name}: a port in use is one sentence`, async (t) => {
    const app = await open(t, http);
    await t.rejects(startApp({ port: app.port }), { constructor: StartupError, message: /in use/ });
  });
}
