/** What Node's parser makes of requests that uWebSockets.js's refuses or leaves without an answer. */
import t, { type Test } from 'tap';

import { NODE, overTls, plain, type Transport } from './engines.js';
import { HOST, openServer, type SendOptions } from './segments.js';

type Case = readonly [name: string, segments: readonly string[], options?: SendOptions];

const POST = `POST /p HTTP/1.1\r\n${HOST}`;
const headers = (count: number): string => 'X: y\r\n'.repeat(count);

function nodeTest(name: string, run: (t: Test, node: Transport) => Promise<void>): void {
  for (const node of [plain(NODE), overTls(NODE)])
    t.test(`${node.label}: ${name}`, (t) => run(t, node));
}

const ANSWERED: readonly Case[] = [
  ['a request line in two segments', ['GET /p', ` HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]],
  ['HTTP/1.0', [`GET /p HTTP/1.0\r\n${HOST}\r\n`]],
  ['an empty line before the request', [`\r\nGET /p HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]],
  ['200 headers', [`GET /p HTTP/1.1\r\n${HOST}Connection: close\r\n${headers(198)}\r\n`]],
  [
    'an offer of another protocol',
    [
      `${POST}Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n` +
        'Content-Length: 3\r\n\r\nabc',
    ],
  ],
];

nodeTest('answered', async (t, node) => {
  const { send } = await openServer(t, node);
  for (const [name, segments, options] of ANSWERED) {
    const { text, isClosed } = await send(segments, { silenceMs: 2_000, ...options });
    t.match(text, /^HTTP\/1\.1 200 [^]*(here|3 bytes)$/, name);
    t.ok(isClosed, name);
  }
});

const REFUSED: readonly Case[] = [
  ['no Host', ['GET /p HTTP/1.1\r\n\r\n']],
  ['a method that is none', [`FETCH /p HTTP/1.1\r\n${HOST}\r\n`]],
  ['a NUL', [`GET /p HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`]],
  ['a space before a colon', [`GET /p HTTP/1.1\r\n${HOST}X : a\r\n\r\n`]],
];

nodeTest('400, and the connection ends', async (t, node) => {
  const { executed, send } = await openServer(t, node);
  for (const [name, segments] of REFUSED) {
    const { text, isClosed } = await send(segments, { silenceMs: 2_000 });
    t.match(text, /^HTTP\/1\.1 400 /, name);
    t.ok(isClosed, name);
  }
  t.strictSame(executed, []);
});

nodeTest('HTTP/2.0 is a 505', async (t, node) => {
  const { executed, send } = await openServer(t, node);
  const { text, isClosed } = await send([`GET /p HTTP/2.0\r\n${HOST}\r\n`]);
  t.match(text, /^HTTP\/1\.1 505 /);
  t.ok(isClosed);
  t.strictSame(executed, []);
});

nodeTest('headers that do not end have 10 seconds', async (t, node) => {
  const { executed, failed, send } = await openServer(t, node);
  const { text, isClosed } = await send([`GET /p HTTP/1.1\r\n${HOST}`], { silenceMs: 18_000 });
  t.match(text, /^HTTP\/1\.1 408 /);
  t.match(failed, [{ status: 408, sentence: 'The request header did not arrive in time.' }]);
  t.ok(isClosed);
  t.strictSame(executed, []);
});

nodeTest('a client that asks first is told to go on, or refused at once', async (t, node) => {
  const { send } = await openServer(t, node);
  const asks = `${POST}Connection: close\r\nExpect: 100-continue\r\nContent-Length: `;
  const { text } = await send([`${asks}3\r\n\r\n`, 'abc'], { gapMs: 100, silenceMs: 2_000 });
  t.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*3 bytes$/);
  const refused = await send([`${asks}99999999999\r\n\r\n`], { silenceMs: 2_000 });
  t.notMatch(refused.text, /100 Continue/);
});

nodeTest('requests that are sent at once are answered in their order', async (t, node) => {
  const { send } = await openServer(t, node);
  const first = `${POST}Content-Length: 3\r\n\r\nabc`;
  const { text } = await send([`${first}GET /behind HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`]);
  t.match(text, /3 bytes[^]*here$/);
});

nodeTest('what the parser refuses is told of, though nothing of it was read', async (t, node) => {
  const { failed, send } = await openServer(t, node);
  for (const [, segments] of REFUSED) await send(segments, { silenceMs: 2_000 });
  await send([`GET /p HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`]);
  await send([`GET /p HTTP/2.0\r\n${HOST}\r\n`]);
  const { text } = await send([`${POST}Expect: tea\r\nContent-Length: 3\r\n\r\nabc`]);
  t.match(text, /^HTTP\/1\.1 417 /);
  const unread = { method: null, path: null, id: null };
  t.match(failed, [
    { status: 400, method: 'GET', path: '/p', sentence: 'The request has no Host.' },
    { ...unread, status: 400, sentence: /^The request cannot be read: Invalid method/ },
    { ...unread, status: 400, sentence: /^The request cannot be read: / },
    { ...unread, status: 400, sentence: /^The request cannot be read: / },
    { ...unread, status: 431, sentence: 'The request header is too large.' },
    { status: 505, method: 'GET', path: '/p', sentence: 'HTTP/1.1 is spoken here.' },
    { status: 417, method: 'POST', path: '/p', sentence: /^Nothing but 100-continue / },
  ]);
  t.equal(failed.length, 7);
});
