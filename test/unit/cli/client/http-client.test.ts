import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

import t from 'tap';

import { endpointOf } from '../../../../src/cli/client/endpoint.js';
import { HttpClient } from '../../../../src/cli/client/http-client.js';
import { inTurn, json, scriptedServer, type Answer } from '../../../doubles/openai-server.js';
import { freePort } from '../../../e2e/radish-process.js';

function clientOf(url: string, key: string | null = null): HttpClient {
  const client = new HttpClient(endpointOf(url, { radish: key, openAi: null }));
  t.teardown(() => {
    client.close();
  });
  return client;
}

async function serving(answer: Answer): Promise<string> {
  const server = await scriptedServer({ 'GET /x': answer });
  t.teardown(() => server.close());
  return server.url;
}

/** A server below HTTP: what it does with each connection. */
async function sockets(serve: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('a key goes along, and an answer comes back', async (t) => {
  const server = await scriptedServer({ 'POST /y': json({ ok: true }) });
  t.teardown(() => server.close());
  t.strictSame(await clientOf(server.url, 'k').postJson('/y', { a: 'ä' }), { ok: true });
  t.match(server.received, [{ headers: { authorization: 'Bearer k' }, body: { a: 'ä' } }]);
});

t.test('a refusal is a sentence, however the body says it', async (t) => {
  const cases: [Answer, RegExp][] = [
    [json({ error: 'Unauthorized' }, 401), /^The server wants another key \(401\).* Unauthorized$/],
    [json({ detail: 'Not Found' }, 404), /\/x is not there \(404\): does --url name an OpenAI/],
    [json({ error: { message: 'No model y.' } }, 404), /^The server said 404\. No model y\.$/],
    [json({ object: 'error', message: 'Too long.' }, 400), /^The server said 400\. Too long\.$/],
    [(response) => response.writeHead(502).end('<html>'), /^The server said 502\.$/],
    [(response) => response.writeHead(500).end('Oh no'), /^The server said 500\. Oh no$/],
    [json({}, 503, { 'retry-after': '0' }), /^The server said 503\.$/],
    [(response) => response.end('<html>'), /answers no JSON/],
  ];
  for (const [answer, message] of cases) {
    await t.rejects(clientOf(await serving(answer)).getJson('/x'), { message });
  }
});

t.test('a connection that fails is a sentence', async (t) => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  await t.rejects(clientOf(nobody).get('/x'), { message: /^Nobody answers at http:/ });
  const rude = await sockets((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
  await t.rejects(clientOf(rude).get('/x'), { message: /does not speak HTTP/ });
  const plain = await serving(json({}));
  await t.rejects(clientOf(plain.replace('http', 'https')).get('/x'), {
    message: /does not speak TLS: try http/,
  });
  const gone = await sockets((socket) => socket.destroy());
  await t.rejects(clientOf(gone).get('/x'), { message: /closed the connection/ });
});

t.test('a server that is loading is waited for', async (t) => {
  const loading = json({ message: 'Loading the model: 40 %' }, 503, { 'retry-after': '0' });
  const url = await serving(inTurn(loading, loading, json({ ok: true })));
  const heard: string[] = [];
  const onWait = (sentence: string) => heard.push(sentence);
  t.strictSame(await clientOf(url).getJson('/x', { onWait }), { ok: true });
  t.strictSame(heard, Array(2).fill('The server said 503. Loading the model: 40 %'));
  const busy = clientOf(await serving(json({}, 429, { 'retry-after': '0' })));
  await t.rejects(busy.getJson('/x', { onWait }), { message: /^The server said 429\.$/ });
  const stop = new AbortController();
  const always = await serving(json({}, 503, { 'retry-after': '20' }));
  const waiting = clientOf(always).get('/x', {
    signal: stop.signal,
    onWait: () => {
      stop.abort();
    },
  });
  await t.rejects(waiting, { name: 'AbortError' });
});

t.test('a kept connection that was closed meanwhile is asked again', async (t) => {
  let numConnections = 0;
  const url = await sockets((socket) => {
    numConnections += 1;
    let numAsked = 0;
    socket.on('data', () => {
      if (numAsked++ > 0) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    });
  });
  const client = clientOf(url);
  t.strictSame(await client.getJson('/x'), {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.strictSame(await client.getJson('/x'), {});
  t.equal(numConnections, 2);
});
