/**
 * What uWebSockets.js's parser makes of unusual requests, of which docs/security.md tells: nothing here can change
 * it, and who changes the library shall see what changes with it.
 */
import t, { type Test } from 'tap';

import { plain, UWS, type Transport } from './engines.js';
import { HOST, openServer, type SendOptions } from './segments.js';

const POST = `POST /p HTTP/1.1\r\n${HOST}`;
const headers = (count: number): string => 'X: y\r\n'.repeat(count);

type Case = readonly [name: string, segments: readonly string[], options?: SendOptions];

function uwsTest(name: string, run: (t: Test, uws: Transport) => Promise<void>): void {
  if (UWS === null) {
    t.test(name, { skip: 'no binary here' }, () => undefined);
    return;
  }
  const uws = plain(UWS);
  t.test(name, (t) => run(t, uws));
}

const REFUSED: readonly Case[] = [
  ['a request line in two segments', ['GET /p', ` HTTP/1.1\r\n${HOST}\r\n`]],
  ['HTTP/1.0', [`GET /p HTTP/1.0\r\n${HOST}\r\n`]],
  ['HTTP/2.0', [`GET /p HTTP/2.0\r\n${HOST}\r\n`]],
  ['an empty line before the request', [`\r\nGET /p HTTP/1.1\r\n${HOST}\r\n`]],
  ['a target in absolute form', [`GET http://localhost/p HTTP/1.1\r\n${HOST}\r\n`]],
];

uwsTest('505, and the connection ends', async (t, uws) => {
  const { executed, send } = await openServer(t, uws);
  for (const [name, segments, options] of REFUSED) {
    const { text, isClosed } = await send(segments, { silenceMs: 2_000, ...options });
    t.match(text, /^HTTP\/1\.1 505 /, name);
    t.ok(isClosed, name);
  }
  t.strictSame(executed, []);
});

/** The library waits for more of what will never be a request. */
const UNANSWERED: readonly Case[] = [
  ['no Host', ['GET /p HTTP/1.1\r\n\r\n']],
  ['99 headers', [`GET /p HTTP/1.1\r\n${HOST}${headers(98)}\r\n`]],
  ['a NUL', [`GET /p HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`]],
  ['a folded header', [`GET /p HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`]],
  ['a space before a colon', [`GET /p HTTP/1.1\r\n${HOST}X : a\r\n\r\n`]],
  ['headers that do not end', [`GET /p HTTP/1.1\r\n${HOST}`]],
];

uwsTest('closed without an answer after some 10 seconds, and never executed', async (t, uws) => {
  const { executed, send } = await openServer(t, uws);
  const behind = `GET /behind HTTP/1.1\r\n${HOST}\r\n`;
  const answers = UNANSWERED.map(async ([name, segments]) => {
    const { text, isClosed } = await send([...segments, behind], { silenceMs: 18_000 });
    return [name, text, isClosed];
  });
  for (const [name, text, isClosed] of await Promise.all(answers)) {
    t.equal(text, '', String(name));
    t.ok(isClosed, String(name));
  }
  t.strictSame(executed, []);
});

uwsTest('answered', async (t, uws) => {
  const { send } = await openServer(t, uws);
  const cases: readonly Case[] = [
    ['98 headers', [`GET /p HTTP/1.1\r\n${HOST}Connection: close\r\n${headers(96)}\r\n`]],
    ['an empty Host', ['GET /p HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n']],
  ];
  for (const [name, segments] of cases) {
    const { text } = await send(segments, { silenceMs: 2_000 });
    t.match(text, /^HTTP\/1\.1 200 /, name);
  }
});

uwsTest(
  'a client that shuts its sending side down after a whole POST counts as gone',
  async (t, uws) => {
    const { executed, send } = await openServer(t, uws);
    const whole = await send([`${POST}Content-Length: 3\r\n\r\nabc`], {
      halfClose: true,
      gapMs: 0,
    });
    t.match(executed, ['POST /p']);
    t.match(whole.text, /^$|^HTTP\/1\.1 200 /);
    t.ok(whole.isClosed);
  },
);
