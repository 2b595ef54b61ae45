import t from 'tap';

import { openWs, OPCODE, type WsClient } from '../../../doubles/ws-client.js';
import { answering } from '../openai/openai-app.js';
import { BOS, idsOf } from '../tiny-tokenizer.js';
import { until } from '../until.js';
import { ask, PATH, responsesApp, type TestEvent } from './responses-app.js';

const STOP = { type: 'stop', matched: 'd' } as const;
const socket = { path: PATH, protocol: null };

type SocketEvent = TestEvent & { readonly stream_id?: string };

async function next(client: WsClient): Promise<SocketEvent> {
  return (await client.next()) as unknown as SocketEvent;
}

/** Events up to the one that ends a response. */
async function answer(client: WsClient): Promise<SocketEvent[]> {
  const events: SocketEvent[] = [];
  for (;;) {
    const event = await next(client);
    events.push(event);
    if (/completed|incomplete|failed|error/.test(event.type)) return events;
  }
}

t.test('a chain over one socket', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const client = await openWs(app.url, socket);
  client.send({ type: 'response.create', input: 'a' });
  const events = await answer(client);
  t.equal(events[0]?.type, 'response.created');
  t.strictSame(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, index) => index),
  );
  const { id = '' } = events.at(-1)?.response ?? {};
  t.equal((await ask(app, 'GET', `${PATH}/${id}`)).json.status, 'completed', 'kept as any other');
  client.send({ type: 'response.create', input: 'b', previous_response_id: id, stream_id: 's' });
  const second = await answer(client);
  t.ok(second.every(({ stream_id }) => stream_id === 's'));
  const prompt = '[user:a][assistant:abc][user:b]>';
  t.strictSame([...(seen[1]?.inputIds ?? [])], [BOS, ...idsOf(prompt)]);
  client.send({ type: 'response.create', input: 'a', generate: false });
  const warmed = (await answer(client)).at(-1)?.response;
  t.match(warmed, { status: 'completed', output: [], usage: null });
  client.send({ type: 'response.create', input: [], previous_response_id: warmed?.id });
  await answer(client);
  t.strictSame([...(seen[2]?.inputIds ?? [])], [BOS, ...idsOf('[user:a]>')]);
  client.socket.destroy();
});

t.test('a lane takes its turn, lanes go side by side', async (t) => {
  const app = await responsesApp(t);
  const client = await openWs(app.url, socket);
  const { scheduler } = app;
  const rids: number[] = [];
  scheduler.onAccepted = (req) => rids.push(req.num);
  for (const stream_id of ['a', 'a', 'b'])
    client.send({ type: 'response.create', input: 'x', stream_id });
  await until(() => rids.length === 2);
  scheduler.finish(rids[1] ?? 0, STOP);
  t.equal((await answer(client)).at(-1)?.stream_id, 'b');
  t.equal(rids.length, 2, 'the second of lane a waits');
  scheduler.finish(rids[0] ?? 0, STOP);
  t.equal((await answer(client)).at(-1)?.stream_id, 'a');
  await until(() => rids.length === 3);
  client.socket.destroy();
  await until(() => scheduler.received.some(({ kind }) => kind === 'abort'));
  t.pass('what grows is aborted when the client leaves');
});

t.test('what is not stored can be continued on its own socket, until that fails', async (t) => {
  const app = await responsesApp(t);
  const seen = answering(app, 'abc', STOP);
  const client = await openWs(app.url, socket);
  const say = async (body: object): Promise<SocketEvent | undefined> => {
    client.send({ type: 'response.create', store: false, ...body });
    return (await answer(client)).at(-1);
  };
  const first = (await say({ input: 'a' }))?.response;
  t.equal((await ask(app, 'GET', `${PATH}/${first?.id}`)).status, 404, 'kept for nobody else');
  const second = (await say({ input: 'b', previous_response_id: first?.id }))?.response;
  t.strictSame([...(seen[1]?.inputIds ?? [])], [BOS, ...idsOf('[user:a][assistant:abc][user:b]>')]);
  const missing = { type: 'error', error: { code: 'previous_response_not_found' } };
  const other = await openWs(app.url, socket);
  other.send({ type: 'response.create', input: 'b', previous_response_id: first?.id });
  t.match(await next(other), missing, 'another socket, the same key');
  const orphan = { type: 'function_call_output', call_id: 'c', output: '1' };
  const failed = await say({ input: [orphan], previous_response_id: second?.id });
  t.match(failed, { type: 'error', status: 400, error: { message: /No tool call.*call_id c/ } });
  const gone = { input: 'b', previous_response_id: second?.id };
  t.match(await say(gone), { ...missing, status: 404 }, 'what failed is begun anew');
  t.equal((await say({ input: 'b', previous_response_id: first?.id }))?.type, 'response.completed');
  for (let i = 0; i < 16; i++) await say({ input: 'x' });
  t.match(await say({ input: 'b', previous_response_id: first?.id }), missing, 'the oldest goes');
  client.socket.destroy();
  other.socket.destroy();
});

t.test('what is refused', async (t) => {
  const app = await responsesApp(t);
  const client = await openWs(app.url, socket);
  const bad: [object, string | null, RegExp][] = [
    [{ type: 'response.steer' }, 'type', /steer is not supported/],
    [{ input: 'x' }, 'type', /must be "response.create"/],
    [{ type: 'response.create', stream_id: 5 }, 'stream_id', /a string/],
    [{ type: 'response.create', input: 'x', background: true }, 'background', /not supported over/],
    [{ type: 'response.create', input: 'x', tools: [{ type: 'mcp' }] }, 'tools[0].type', /'mcp'/],
  ];
  for (const [message, param, text] of bad) {
    client.send(message);
    t.match(await next(client), {
      type: 'error',
      status: /^40[04]$/,
      error: { param, message: text },
    });
  }
  client.sendFrame(OPCODE.text, Buffer.from('{'));
  t.match(await next(client), { type: 'error', status: 400, error: { param: null } });
  for (let i = 0; i < 17; i++) client.send({ type: 'response.create', input: 'x' });
  t.match(await next(client), { type: 'error', status: 503, error: { message: /At most 16/ } });
  client.sendFrame(OPCODE.binary, Buffer.from('x'));
  t.equal(await client.closed, 1003);
});

t.test('the key comes with the upgrade', async (t) => {
  const app = await responsesApp(t, { apiKey: 'secret' });
  await t.rejects(openWs(app.url, socket), { message: /401/ });
  const headers = { authorization: 'Bearer secret' };
  const client = await openWs(app.url, { ...socket, headers });
  client.send({ type: 'response.create', input: [] });
  t.match(await next(client), { type: 'error', error: { message: /empty/ } });
  client.socket.destroy();
});

t.test('what is refused or fails on a socket is a line of the log', async (t) => {
  const app = await responsesApp(t);
  const client = await openWs(app.url, { ...socket, headers: { 'x-request-id': 'mine' } });
  client.send({ type: 'response.steer', stream_id: 'lane' });
  await answer(client);
  client.send({ type: 'response.create', input: 5 });
  await answer(client);
  client.sendFrame(OPCODE.binary, Buffer.from('x'));
  await client.closed;
  const lines = app.lines.map((line) => line.replace(/^\[[^\]]*\] /, ''));
  t.match(lines, [
    /^400 WS \/v1\/responses mine#"lane": response\.steer is not supported/,
    /^400 WS \/v1\/responses mine: .*input/,
    /^1003 WS \/v1\/responses mine: Messages are JSON text\./,
  ]);
  t.equal(lines.length, 3);
});
