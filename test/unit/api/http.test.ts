import t from 'tap';

import { StartupError } from '../../../src/core/errors.js';
import { createHttpServer } from '../../../src/http/uws.js';
import { rawHttp } from './raw-http.js';
import { answerOf, startApp, type TestApp } from './test-app.js';

async function open(t: { teardown(fn: () => void): void }, args = {}): Promise<TestApp> {
  const app = await startApp(args);
  t.teardown(() => {
    app.app.close();
  });
  return app;
}

t.test('methods and paths', async (t) => {
  const app = await open(t);

  t.test('an unknown path is 404', async (t) => {
    const { status, json } = await answerOf(await fetch(`${app.url}/nope`));
    t.equal(status, 404);
    t.strictSame(json, { detail: 'Not Found' });
  });

  t.test('a wrong method is 405 and says which are right', async (t) => {
    const response = await fetch(`${app.url}/generate`);
    t.equal(response.status, 405);
    t.equal(response.headers.get('allow'), 'POST, PUT');
    t.strictSame(await response.json(), { detail: 'Method Not Allowed' });
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

t.test('CORS lets every origin in', async (t) => {
  const app = await open(t, { apiKey: 'k' });
  const plain = await fetch(`${app.url}/health`, { headers: { origin: 'http://a' } });
  t.equal(plain.headers.get('access-control-allow-origin'), '*');
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
  t.match(preflight.headers.get('access-control-allow-methods'), /POST/);
  t.equal(preflight.headers.get('access-control-allow-headers'), 'content-type,authorization');
  const denied = await fetch(`${app.url}/model_info`, { headers: { origin: 'http://a' } });
  t.equal(denied.status, 401);
  t.equal(denied.headers.get('access-control-allow-origin'), '*', 'a page can read the 401');
});

t.test('ambiguous and oversized requests', async (t) => {
  const app = await open(t);
  const post = 'POST /generate HTTP/1.1\r\nHost: x\r\n';

  t.test('two lengths are 400 and the end of the connection', async (t) => {
    const { text, isClosed } = await rawHttp(
      app.port,
      `${post}Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde`,
    );
    t.match(text, /^HTTP\/1\.1 400 /);
    t.ok(isClosed);
  });

  t.test('a length beside chunks is 400 and the end of the connection', async (t) => {
    const { text, isClosed } = await rawHttp(
      app.port,
      `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    );
    t.match(text, /^HTTP\/1\.1 400 /);
    t.ok(isClosed);
  });

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
    const { text, isClosed } = await rawHttp(app.port, `${post}Content-Length: 99999999\r\n\r\n{`);
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

t.test('a large body goes out whole to a slow reader', async (t) => {
  const body = 'x'.repeat(8 * 1024 * 1024);
  const server = await createHttpServer((_, reply) => {
    reply.send({ status: 200, body });
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

t.test('a port in use is one sentence', async (t) => {
  const app = await open(t);
  await t.rejects(startApp({ port: app.port }), { constructor: StartupError, message: /in use/ });
});
