/** What TLS adds to a server, on every engine that has it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';

import t, { type Test } from 'tap';

import type { FailedRequest } from '../../../src/http/failure-log.js';
import { readTls, type Tls } from '../../../src/http/tls.js';
import { keyPem, makeIdentity, writeFiles, type Identity } from '../../doubles/certificates.js';
import { NODE, overTls, type Transport } from './engines.js';
import { HOST, sendTo } from './segments.js';

const GET = `GET / HTTP/1.1\r\n${HOST}\r\n`;

async function open(t: Test, transport: Pick<Transport, 'createServer'>, tls?: Tls) {
  const failed: FailedRequest[] = [];
  const server = transport.createServer({
    handle: (_, reply) => {
      reply.send({ status: 200, body: 'here' });
    },
    onFailed: (request) => failed.push(request),
    ...(tls === undefined ? {} : { tls }),
  });
  t.teardown(() => {
    server.close();
  });
  return { server, failed, port: await server.listen('127.0.0.1', 0) };
}

function tlsOf(t: Test, identity: Identity, ca?: Identity): Tls {
  const files = writeFiles(t, { key: keyPem(identity), cert: identity.cert, ca: ca?.cert ?? '' });
  const caFile = ca === undefined ? null : files.ca;
  return readTls({ keyFile: files.key, certFile: files.cert, keyPassword: null, caFile });
}

function plainly(t: Test, port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  return socket;
}

for (const transport of [overTls(NODE)]) {
  t.test(`${transport.label}: what is no TLS harms nobody`, async (t) => {
    const { port } = await open(t, transport);
    const ask = () => sendTo(transport.connect(port), [GET], { silenceMs: 5_000, until: 'here' });
    for (const junk of [
      GET,
      '\x16\x03\x01\x02',
      '\x16\x03\x01\xff\xff'.repeat(5000),
      '\0'.repeat(99),
    ]) {
      const socket = plainly(t, port);
      await once(socket, 'connect');
      socket.write(Buffer.from(junk, 'latin1'));
      t.match((await ask()).text, /^HTTP\/1\.1 200 [^]*here$/);
      let answer = '';
      socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
      t.notMatch(answer, /HTTP/, 'nothing is said in the clear');
    }
  });

  t.test(`${transport.label}: a handshake that is never done is given up`, async (t) => {
    const { port } = await open(t, transport);
    const started = performance.now();
    const silent = plainly(t, port);
    const half = plainly(t, port);
    half.write(Buffer.from('\x16\x03\x01\x02\0\x01', 'latin1'));
    await Promise.all([silent, half].map((socket) => once(socket.resume(), 'close')));
    const tookMs = performance.now() - started;
    t.ok(tookMs > 5_000 && tookMs < 20_000, `after ${tookMs} ms`);
  });

  t.test(`${transport.label}: a server that closes waits for no handshake`, async (t) => {
    const { server, port } = await open(t, transport);
    const silent = plainly(t, port);
    await once(silent, 'connect');
    // The library takes it in its own time.
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.close();
    await once(silent.resume(), 'close');
  });

  t.test(`${transport.label}: old versions of TLS are refused`, async (t) => {
    const { port } = await open(t, transport);
    const error = await refused(port);
    t.match(error.message, /protocol version|unsupported protocol|ECONNRESET|hang up/);
  });
}

/** A client of another time. */
async function refused(port: number): Promise<Error> {
  const version = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
  const options = { port, host: '127.0.0.1', ciphers: 'DEFAULT:@SECLEVEL=0', ...version };
  const socket = connectTls({ ...options, rejectUnauthorized: false });
  return new Promise((resolve) => socket.on('error', resolve));
}

async function shaken(t: Test, port: number): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.teardown(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

t.test('a renewed certificate is shown to new connections, and no open one ends', async (t) => {
  const [old, renewed] = [makeIdentity({ name: 'old.test' }), makeIdentity({ name: 'new.test' })];
  const { server, port } = await open(t, NODE, tlsOf(t, old));
  const before = await shaken(t, port);
  t.equal(before.getPeerCertificate().subject.CN, 'old.test');
  server.renewTls(tlsOf(t, renewed));
  const after = await shaken(t, port);
  t.equal(after.getPeerCertificate().subject.CN, 'new.test');
  before.write(GET);
  const [answer] = (await once(before, 'data')) as [Buffer];
  t.match(answer.toString(), /^HTTP\/1\.1 200 /);
});

t.test('authorities complete the chain, and no client is asked for a certificate', async (t) => {
  const root = makeIdentity({ name: 'root.test' });
  const leaf = makeIdentity({ issuer: root });
  const { port } = await open(t, NODE, tlsOf(t, leaf, root));
  const socket = await shaken(t, port);
  const shown: DetailedPeerCertificate = socket.getPeerCertificate(true);
  t.equal(shown.issuerCertificate.subject.CN, 'root.test');
  socket.write(GET);
  await once(socket, 'data');
});

t.test('node:https says what went wrong, and nothing of who only looked', async (t) => {
  const { port, failed } = await open(t, overTls(NODE));
  const looked = plainly(t, port);
  await once(looked, 'connect');
  looked.destroy();
  const spoke = plainly(t, port);
  spoke.write(GET);
  await once(spoke.resume(), 'close');
  await refused(port);
  while (failed.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const none = { status: null, method: null, path: null, id: null };
  t.match(failed, [
    { ...none, sentence: 'TLS failed: the client speaks plain HTTP.' },
    { ...none, sentence: /^TLS failed: unsupported protocol\.$/ },
  ]);
  t.equal(failed.length, 2);
});
