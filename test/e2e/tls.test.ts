import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';

import t from 'tap';

import { keyPem, makeIdentity, writeFiles } from '../doubles/certificates.js';
import { openWs } from '../doubles/ws-client.js';
import { freePort, runRadish } from './radish-process.js';

const READY = 'The server is fired up and ready to roll!';

async function post(port: number, options: RequestOptions, body: unknown) {
  const address = { port, host: '127.0.0.1', path: '/generate', method: 'POST', agent: false };
  const sent = request({ ...address, servername: 'localhost', ...options });
  sent.end(body === null ? undefined : JSON.stringify(body));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const { socket, statusCode: status } = response;
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : null;
  return { status, json: await json(response), name };
}

const ASK = { text: 'Once', sampling_params: { max_new_tokens: 2, temperature: 0 } };

for (const engine of ['auto', 'node'])
  t.test(`--http-server ${engine}: HTTPS, WSS and the first request of the start`, async (t) => {
    const identity = makeIdentity();
    const files = writeFiles(t, { key: keyPem(identity, 'secret'), cert: identity.cert });
    const port = await freePort();
    const flags = ['--port', String(port), '--http-server', engine];
    const run = runRadish(['serve', ...flags, '--ssl-keyfile', files.key], {
      RADISH_SSL_CERTFILE: files.cert,
      RADISH_SSL_KEYFILE_PASSWORD: 'secret',
    });
    t.teardown(() => run.child.kill());
    await run.printed(READY);
    t.match(run.log(), `Listening on https://127.0.0.1:${port} by `);
    t.notMatch(run.log(), /secret/);
    t.match(await post(port, { ca: identity.cert }, ASK), { status: 200, name: 'localhost' });
    const info = await post(port, { ca: identity.cert, path: '/server_info', method: 'GET' }, null);
    t.match(info.json, { ssl_keyfile_password: '***' });
    const client = await openWs(`https://127.0.0.1:${port}`);
    client.send({ op: 'generate', id: 1, body: ASK });
    t.match((await client.answer(1)).at(-1), { event: 'done' });
    client.send({ op: 'nope', id: 2 });
    await client.answer(2);
    await run.printed('#2: op must be');
    t.match(run.log(), /400 WS \/ws [0-9a-f-]{36}#2: op must be /);
    run.child.kill('SIGTERM');
    t.equal(await run.exit, 0);
  });

t.test('--enable-ssl-refresh takes a renewed certificate', async (t) => {
  const [old, renewed] = [makeIdentity({ name: 'old.test' }), makeIdentity({ name: 'new.test' })];
  const files = writeFiles(t, { key: keyPem(old), cert: old.cert });
  const port = await freePort();
  const tls = ['--ssl-keyfile', files.key, '--ssl-certfile', files.cert, '--enable-ssl-refresh'];
  const run = runRadish(['serve', '--port', String(port), ...tls]);
  t.teardown(() => run.child.kill());
  await run.printed(READY);
  t.match(run.log(), /by node:http: uWebSockets\.js over TLS cuts WebSockets off/);
  const asked = { rejectUnauthorized: false };
  t.equal((await post(port, asked, ASK)).name, 'old.test');
  writeFileSync(files.key, keyPem(renewed));
  writeFileSync(files.cert, renewed.cert);
  await run.printed('SSL cert/key reloaded successfully');
  t.equal((await post(port, asked, ASK)).name, 'new.test');
});

t.test('what cannot be used ends the start before the model is looked for', async (t) => {
  const [mine, other] = [makeIdentity(), makeIdentity()];
  const files = writeFiles(t, { key: keyPem(other), cert: mine.cert });
  const run = runRadish([
    'serve',
    ...['--port', String(await freePort()), '--model-path', './no-such-folder'],
    ...['--ssl-keyfile', files.key, '--ssl-certfile', files.cert],
  ]);
  t.equal(await run.exit, 1);
  t.match(run.log(), /ERROR: The key in .* is not that of the certificate in /);
  t.notMatch(run.log(), /no-such-folder|Listening|^\s+at /m);
});
