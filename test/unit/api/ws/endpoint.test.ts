import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import t from 'tap';

import type { AuthCheck } from '../../../../src/http/auth.js';
import type { FailedRequest } from '../../../../src/http/failure-log.js';
import { RightsRules } from '../../../../src/api/ws/rights.js';
import { WsEndpoint, type WsOptions } from '../../../../src/api/ws/endpoint.js';
import type { Answerers } from '../../../../src/api/ws/session.js';
import {
  CUT_OFF_BYTES,
  SMALL_CUT_OFF_BYTES,
  SOCKET_LIMITS,
  socketShape,
  type SocketLimits,
} from '../../../../src/api/ws/limits.js';
import { TRANSPORTS, type Transport } from '../../http/engines.js';
import { frameHead, OPCODE, openWs } from '../../../doubles/ws-client.js';

const echo: Answerers['generate'] = (body, sink) => {
  sink.answer(body);
  return Promise.resolve();
};

const rulesOf = (isAllowed: AuthCheck): RightsRules =>
  new RightsRules(isAllowed, { hasKey: true, hasAdminKey: false });

/** The server wants this key. */
const keyed = (key: string): Pick<WsOptions, 'rights'> => ({
  rights: rulesOf((_, { headers }) => headers.get('authorization') === `Bearer ${key}`),
});

const noWatch: WsOptions['watch'] = () => {
  throw new Error('nothing is watched here');
};

/** A server whose requests answer with their own body. */
async function start(
  http: Transport,
  limits: Partial<SocketLimits> = {},
  options: Partial<WsOptions> = {},
) {
  const failed: FailedRequest[] = [];
  const endpoint = new WsEndpoint({
    rights: rulesOf(() => true),
    watch: noWatch,
    answerers: { generate: echo, chat: echo, completions: echo, explain: echo },
    onError: (error) => {
      throw error;
    },
    onFailed: (request) => failed.push(request),
    limits: { ...SOCKET_LIMITS, ...limits },
    ...options,
  });
  const server = http.createServer({
    handle: (_request, reply) => {
      reply.send({ status: 404 });
    },
    onFailed: (request) => failed.push(request),
    sockets: [
      { ...socketShape(endpoint.path), decide: (request) => endpoint.decide(request, false) },
    ],
  });
  const port = await server.listen('127.0.0.1', 0);
  t.teardown(() => {
    server.close();
  });
  return { endpoint, failed, url: `${http.scheme}://127.0.0.1:${port}` };
}

for (const http of TRANSPORTS) {
  t.test(
    `${http.label}: what is refused on a socket is told of under its request id`,
    async (t) => {
      const { url, failed } = await start(http, { maxMessageBytes: 1000 }, keyed('secret'));
      const headers = { authorization: 'Bearer secret', 'x-request-id': 'mine' };
      const open = async () => {
        const client = await openWs(url, { headers });
        t.equal(client.headers.get('x-request-id'), 'mine');
        return client;
      };
      const client = await open();
      client.send({ op: 'nope', id: 7 });
      await client.next();
      client.sendFrame(OPCODE.binary, Buffer.from('x'));
      await client.closed;
      const large = await open();
      large.sendFrame(OPCODE.text, Buffer.alloc(2 * CUT_OFF_BYTES, 0x20));
      await large.closed;
      const garbled = await open();
      garbled.sendFrame(OPCODE.text, Buffer.from([0xff]));
      await garbled.closed;
      const stranger = await openWs(url);
      t.match(stranger.headers.get('x-request-id'), /^[0-9a-f-]{36}$/);
      stranger.send({ op: 'auth', key: 'wrong' });
      await stranger.closed;
      const gone = await open();
      gone.socket.destroy();
      await t.rejects(openWs(url, { headers: { ...headers, authorization: 'Bearer no' } }));
      const mine = { method: 'WS', path: '/ws', id: 'mine' };
      t.match(failed, [
        { ...mine, status: 400, id: 'mine#7', sentence: /^op must be/ },
        { ...mine, status: 1003, sentence: 'Messages are JSON text.' },
        { ...mine, status: 1009 },
        { ...mine, status: 1007 },
        { status: 4401, id: stranger.headers.get('x-request-id'), sentence: 'Unauthorized' },
        { ...mine, status: 401, method: 'GET', sentence: 'Unauthorized' },
      ]);
      t.equal(failed.length, 6);
    },
  );

  t.test(
    `${http.label}: frames that are too large or no text have their close codes`,
    async (t) => {
      const { url } = await start(http, { maxMessageBytes: 1000 });
      const client = await openWs(url);
      client.send({ op: 'generate', id: 1, body: { text: 'é' } });
      t.same(await client.next(), { id: 1, event: 'done', data: { text: 'é' } });
      client.sendFrame(OPCODE.text, Buffer.alloc(1001, 0x20));
      t.equal(await client.closed, 1009);

      const binary = await openWs(url);
      binary.sendFrame(OPCODE.binary, Buffer.from('junk'));
      t.equal(await binary.closed, 1003);

      const tooLarge = Buffer.concat([frameHead(OPCODE.text, 2 ** 40), Buffer.alloc(64)]);
      const noFrame = Buffer.from([0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
      const noText = [frameHead(OPCODE.text, 2), Buffer.alloc(4), Buffer.from([0xff, 0xfe])];
      // uWebSockets.js cuts the connection without a word.
      const codes = http.name === 'uws' ? [1006, 1006, 1006] : [1009, 1002, 1007];
      for (const [i, junk] of [tooLarge, noFrame, Buffer.concat(noText)].entries()) {
        const cut = await openWs(url);
        cut.socket.write(junk);
        t.equal(await cut.closed, codes[i], 'the library ends it');
      }
    },
  );

  t.test(`${http.label}: a client may ping, and offer no subprotocol`, async (t) => {
    const { url } = await start(http);
    const client = await openWs(url, { protocol: null });
    t.equal(client.headers.get('sec-websocket-protocol'), undefined);
    const data = once(client.socket, 'data');
    client.sendFrame(OPCODE.ping, Buffer.from('hi'));
    t.same((await data)[0], Buffer.from([0x8a, 2, 0x68, 0x69]));
    client.close();
    t.equal(await client.closed, 1000);
    const several = await openWs(url, { protocol: 'other, radish.v1' });
    t.equal(several.headers.get('sec-websocket-protocol'), 'radish.v1');
    several.close();
  });

  t.test(
    `${http.label}: one socket too many is turned away, and its place is free again later`,
    async (t) => {
      const { url, endpoint } = await start(http, { maxSockets: 2 });
      const first = await openWs(url);
      await openWs(url);
      t.equal(await (await openWs(url)).closed, 1013);
      first.close();
      await first.closed;
      const again = await openWs(url);
      again.send({ op: 'generate', id: 1, body: {} });
      t.match(await again.next(), { event: 'done' });
      endpoint.closeAll();
      t.equal(await again.closed, 1001);
    },
  );

  t.test(
    'beyond so many sockets that may send a large message, others may send a small one',
    async (t) => {
      const { url } = await start(http, { maxLargeSockets: 1, smallMessageBytes: 1000 });
      const large = Buffer.from(
        JSON.stringify({ op: 'generate', id: 1, body: { x: 'x'.repeat(200_000) } }),
      );
      const ask = { op: 'generate', id: 1, body: {} };
      const first = await openWs(url);
      const small = await openWs(url);
      small.send(ask);
      t.match(await small.next(), { event: 'done' });
      first.sendFrame(OPCODE.text, large);
      t.match(await first.next(), { event: 'done' });
      small.sendFrame(OPCODE.text, Buffer.alloc(1001, 0x20));
      t.equal(await small.closed, 1009);
      const cut = await openWs(url);
      cut.sendFrame(OPCODE.text, large);
      const code = http.name === 'uws' ? 1006 : 1009;
      t.equal(await cut.closed, code, 'the library keeps none of it');
      first.close();
      await first.closed;
      const next = await openWs(url);
      next.sendFrame(OPCODE.text, large);
      t.match(await next.next(), { event: 'done' }, 'the place is free again');
    },
  );

  t.test(`${http.label}: all that sockets can buffer together has a bound`, (t) => {
    const { maxSockets, maxLargeSockets } = SOCKET_LIMITS;
    const numSmall = maxSockets - maxLargeSockets;
    const sum = maxLargeSockets * CUT_OFF_BYTES + numSmall * SMALL_CUT_OFF_BYTES;
    t.ok(sum <= 512 * 2 ** 20, `${sum} bytes, as for bodies`);
    t.end();
  });

  t.test(`${http.label}: an upgrade elsewhere is a plain request`, async (t) => {
    const { url } = await start(http);
    await t.rejects(openWs(url, { path: '/other' }), { message: /404/ });
    await t.rejects(openWs(url, { path: '/a/b' }), { message: /404/ });
  });

  t.test(`${http.label}: a reader that pauses gets all of it, in order`, async (t) => {
    const { url } = await start(http);
    const client = await openWs(url);
    client.socket.pause();
    const body = { text: 'x'.repeat(1_000_000) };
    for (let id = 0; id < 20; id++) client.send({ op: 'generate', id, body });
    await sleep(500);
    client.socket.resume();
    for (let id = 0; id < 20; id++) t.match(await client.next(), { id, event: 'done' });
    client.socket.destroy();
  });

  t.test(`${http.label}: a reader that stops is closed after a time`, async (t) => {
    const { url, failed } = await start(http, { stalledReaderMs: 50 });
    const client = await openWs(url);
    client.socket.pause();
    const body = { text: 'x'.repeat(1_000_000) };
    for (let id = 0; id < 30; id++) client.send({ op: 'generate', id, body });
    // One that reads again before it was found to have stopped is not closed.
    while (failed.every(({ status }) => status !== 1008)) await sleep(20);
    client.socket.resume();
    t.equal(await client.closed, 1008);
  });

  t.test(`${http.label}: without a key the upgrade is let in to say it`, async (t) => {
    const { url } = await start(http, { authTimeoutMs: 50 }, keyed('secret'));
    t.equal(await (await openWs(url)).closed, 4401);
    await t.rejects(openWs(url, { headers: { 'x-api-key': 'wrong' } }), { message: /401/ });
  });

  t.test(`${http.label}: few sockets wait for their key at a time`, async (t) => {
    const { url } = await start(http, { maxUnknownSockets: 1 }, keyed('k'));
    const first = await openWs(url);
    const second = await openWs(url);
    t.equal(await second.closed, 1013);
    const known = await openWs(url, { headers: { authorization: 'Bearer k' } });
    known.send({ op: 'generate', id: 1, body: {} });
    t.match(await known.next(), { event: 'done' });
    first.send({ op: 'auth', key: 'k' });
    first.send({ op: 'generate', id: 1, body: {} });
    t.match(await first.next(), { event: 'done' });
    const third = await openWs(url);
    third.send({ op: 'auth', key: 'k' });
    third.send({ op: 'generate', id: 1, body: {} });
    t.match(await third.next(), { event: 'done' });
  });
}
