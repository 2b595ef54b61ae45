import t from 'tap';

import { TRANSPORTS } from './engines.js';
import { HOST, openServer, sendTo, type SendOptions } from './segments.js';

const BEHIND = `GET /behind HTTP/1.1\r\n${HOST}\r\n`;

/** Requests whose end two readers could see in two places, or that no reader should take. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'two lengths': 'Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc',
  'two equal lengths': 'Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
  'a list of lengths': 'Content-Length: 3, 3\r\n\r\nabc',
  'an empty length': 'Content-Length: \r\n\r\n',
  'a signed length': 'Content-Length: +3\r\n\r\nabc',
  'a negative length': 'Content-Length: -3\r\n\r\n',
  'a hexadecimal length': 'Content-Length: 0x3\r\n\r\nabc',
  'a length beside chunks': 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunks beside a length': 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
  'another coding': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  identity: 'Transfer-Encoding: identity\r\n\r\n',
  'an empty coding': 'Transfer-Encoding: \r\n\r\n',
  'two codings': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'coded twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'coded twice otherwise': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n',
  'two hosts': `${HOST}\r\n`,
  'a huge header': `X: ${'x'.repeat(20_000)}\r\n\r\n`,
  'a space before the colon': 'Content-Length : 3\r\n\r\nabc',
  'a folded header': 'X: a\r\n Content-Length: 3\r\n\r\nabc',
  'a NUL': 'X: a\0b\r\n\r\n',
};

for (const engine of TRANSPORTS) {
  t.test(
    `${engine.label}: what stands behind an ambiguous request is never executed`,
    async (t) => {
      const { executed, send } = await openServer(t, engine);
      for (const method of ['POST', 'GET']) {
        for (const [name, rest] of Object.entries(AMBIGUOUS)) {
          const request = `${method} /first HTTP/1.1\r\n${HOST}${rest}`;
          await send([request + BEHIND]);
          await send([request, BEHIND]);
          t.strictSame(executed, [], `${method} with ${name}`);
        }
      }
    },
  );

  t.test(
    `${engine.label}: an ambiguous request by itself is a 400 and the end of the connection`,
    async (t) => {
      const { send } = await openServer(t, engine);
      for (const name of ['two lengths', 'an empty length', 'another coding', 'two hosts']) {
        const { text, isClosed } = await send(
          [`POST /first HTTP/1.1\r\n${HOST}${AMBIGUOUS[name] ?? ''}`],
          { silenceMs: 5_000 },
        );
        t.match(text, /^HTTP\/1\.1 400 /, name);
        t.ok(isClosed, name);
      }
      const huge = await send([`GET / HTTP/1.1\r\n${HOST}${AMBIGUOUS['a huge header'] ?? ''}`]);
      t.match(huge.text, /^HTTP\/1\.1 431 /);
      t.ok(huge.isClosed);
    },
  );

  t.test(`${engine.label}: an upgrade is held to the same`, async (t) => {
    const { executed, send } = await openServer(t, engine);
    const upgrade = `GET /ws HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n`;
    await send([`${upgrade}Content-Length: 1\r\nContent-Length: 2\r\n\r\na${BEHIND}`]);
    t.strictSame(executed, []);
  });

  t.test(`${engine.label}: what is unusual and plain is answered`, async (t) => {
    const { send } = await openServer(t, engine);
    // Closed when it is answered: that is waited for, however long it takes.
    const post = `POST /p HTTP/1.1\r\n${HOST}Connection: close\r\n`;
    const chunks = '3\r\nabc\r\n0\r\n\r\n';
    const cases: [string, readonly string[], SendOptions?][] = [
      ['chunked, in capitals', [`${post}Transfer-Encoding: Chunked\r\n\r\n${chunks}`]],
      [
        'chunks byte by byte',
        [`${post}Transfer-Encoding: chunked\r\n\r\n`, ...Array.from(chunks)],
        { gapMs: 2 },
      ],
      ['method in two segments', ['PO', `${post.slice(2)}Content-Length: 3\r\n\r\nabc`]],
      ['headers in two segments', [`${post}Content-Le`, 'ngth: 3\r\n\r\nabc']],
      ['body byte by byte', [`${post}Content-Length: 3\r\n\r\n`, ...Array.from('abc')]],
      ['98 headers', [`${post}Content-Length: 3\r\n${'X: y\r\n'.repeat(95)}\r\nabc`]],
    ];
    for (const [name, segments, options] of cases)
      t.match(
        (await send(segments, { silenceMs: 5_000, ...options })).text,
        /^HTTP\/1\.1 200 [^]*3 bytes$/,
        name,
      );
    const { text } = await send([`GET /p HTTP/1.1\r\n${HOST}\r\n${BEHIND}`]);
    t.equal(text.split('HTTP/1.1 200 ').length, 3, 'two requests that are answered at once');
  });

  t.test(`${engine.label}: a connection goes on behind a HEAD`, async (t) => {
    const { executed, send } = await openServer(t, engine);
    const { text, isClosed } = await send([`HEAD /a HTTP/1.1\r\n${HOST}\r\n`, BEHIND]);
    const [head = '', next = ''] = text.split('\r\n\r\n');
    t.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    t.equal(head.match(/content-length: 4/gi)?.length, 1, 'the length that GET would have');
    t.match(next, /^HTTP\/1\.1 200 OK\r\n/, 'and no body');
    t.strictSame(executed, ['HEAD /a', 'GET /behind']);
    t.notOk(isClosed);
  });

  t.test(`${engine.label}: connections are refused and taken again on the same port`, async (t) => {
    const server = engine.createServer({
      handle: (_, reply) => {
        reply.send({ status: 200, body: 'here' });
      },
    });
    t.teardown(() => {
      server.close();
    });
    const port = await server.listen('127.0.0.1', 0);
    const ask = () => sendTo(engine.connect(port), [`GET / HTTP/1.1\r\n${HOST}\r\n`]);
    t.match((await ask()).text, 'here');
    server.setAccepting(false);
    t.equal((await ask()).text, '');
    server.setAccepting(true);
    t.match((await ask()).text, 'here');
  });
}
