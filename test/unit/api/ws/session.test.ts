import { NOBODY } from '../../../../src/engine/asker.js';
import t, { type Test } from 'tap';

import { RequestError } from '../../../../src/core/errors.js';
import type { AnswerSink } from '../../../../src/engine/answer-sink.js';
import type { JsonObject } from '../../../../src/http/json.js';
import { SOCKET_LIMITS, type SocketLimits } from '../../../../src/api/ws/limits.js';
import type { AskOp } from '../../../../src/api/ws/client-message.js';
import type { SocketRights } from '../../../../src/api/ws/rights.js';
import { Session, type Answerers } from '../../../../src/api/ws/session.js';
import { LargeJson, LazyRows } from '../../../../src/http/large-json.js';
import { slowRows } from '../../http/slow-rows.js';
import type { FailedMessage } from '../../../../src/api/ws/socket-log.js';
import { FakeSocket } from './fake-socket.js';

/** What reached the generate path, and the handle to answer it. */
interface Started {
  readonly op: AskOp;
  readonly body: JsonObject;
  readonly sink: AnswerSink;
  readonly fail: (error: unknown) => void;
}

/** A watch that was begun, and what it was told to show. */
interface Watching {
  readonly bodies: JsonObject[];
  readonly sink: AnswerSink;
  readonly rights: () => SocketRights;
}

interface Setup {
  readonly limits?: Partial<SocketLimits>;
  readonly isAuthenticated?: boolean;
}

function setUp({ limits = {}, isAuthenticated = true }: Setup = {}) {
  const socket = new FakeSocket();
  const started: Started[] = [];
  const errors: unknown[] = [];
  const closed: Session[] = [];
  const failed: FailedMessage[] = [];
  const watches: Watching[] = [];
  const start =
    (op: AskOp): Answerers[AskOp] =>
    (body, sink) =>
      new Promise((_resolve, reject) => {
        started.push({ op, body, sink, fail: reject });
      });
  const session = new Session(socket, {
    limits: { ...SOCKET_LIMITS, ...limits },
    answerers: {
      generate: start('generate'),
      chat: start('chat'),
      completions: start('completions'),
      explain: start('explain'),
    },
    watch: (body, sink, rightsNow) => {
      if (body['topics'] === 'bad') throw new RequestError('INVALID_REQUEST', 'no such topic');
      watches.push({ bodies: [body], sink, rights: rightsNow });
      const own = watches.at(-1);
      return { change: (next) => own?.bodies.push(next) };
    },
    rightsOf: (key) => ({ ask: key === 'secret', admin: key === 'admin', text: key === 'admin' }),
    rights: { ask: isAuthenticated, admin: false, text: false },
    asker: NOBODY,
    log: { failed: (message) => failed.push(message) },
    onError: (error) => errors.push(error),
    onClose: (one) => closed.push(one),
  });
  socket.onClose = () => {
    session.onClose();
  };
  const say = (message: unknown): void => {
    session.onMessage(Buffer.from(JSON.stringify(message)), false);
  };
  const ask = (id: string | number): AnswerSink => {
    say({ op: 'generate', id, body: { text: String(id) } });
    const last = started.at(-1);
    if (last === undefined) throw new Error('nothing was started');
    return last.sink;
  };
  return { socket, session, started, errors, closed, failed, watches, say, ask };
}

type Rig = ReturnType<typeof setUp>;

const later = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const errorOf = (id: unknown, code: number) => ({ id, event: 'error', data: { error: { code } } });

/** Leaves the reader behind by one large delta. */
function stall({ socket }: Rig, sink: AnswerSink): void {
  socket.isStalled = true;
  sink.startEvents().send('x'.repeat(SOCKET_LIMITS.highWaterBytes));
}

t.test('a request is handed on as it is and answered under its id', (t) => {
  const { socket, started, say, ask } = setUp();
  const stream = ask('a').startEvents();
  t.same(started[0]?.body, { text: 'a' });
  stream.send({ text: 'o' });
  ask(1).answer([{ text: 'whole' }]);
  stream.end({ text: 'on' });
  stream.end({ text: 'late' });
  t.same(socket.sent, [
    { id: 'a', event: 'delta', data: { text: 'o' } },
    { id: 1, event: 'done', data: [{ text: 'whole' }] },
    { id: 'a', event: 'done', data: { text: 'on' } },
  ]);
  say({ op: 'generate', id: 'a', body: {} });
  t.equal(started.length, 3, 'an id is free again after its last event');
  t.end();
});

t.test('a large answer is made in pieces, and ends its request when it is out', async (t) => {
  const rig = setUp();
  const value = { text: 'x', meta_info: { rows: slowRows(12) } };
  const sink = rig.ask('a');
  sink.answer(new LargeJson(value));
  t.equal(rig.socket.sent.length, 0, 'not in this turn');
  let numTurns = 0;
  while (rig.socket.sent.length === 0) {
    await new Promise(setImmediate);
    numTurns++;
  }
  t.ok(numTurns > 1, `${numTurns} turns of others`);
  t.same(rig.socket.sent, [
    { id: 'a', event: 'done', data: JSON.parse(JSON.stringify(value)) as unknown },
  ]);
  const again = rig.ask('a');
  again.answer(new LargeJson(value));
  rig.socket.close(1000);
  await later(50);
  t.equal(rig.socket.sent.length, 1, 'nothing for a socket that is gone');
  const broken = setUp();
  const fails = new LazyRows([1], () => {
    throw new Error('a bug');
  });
  broken.ask('b').answer(new LargeJson({ fails }));
  await later();
  t.match(broken.socket.sent, [errorOf('b', 500)]);
  const slow = setUp();
  const [first, second] = [slow.ask(1), slow.ask(2)];
  second.answer(new LargeJson({ rows: [2] }));
  stall(slow, first);
  await later();
  t.equal(slow.socket.sent.length, 1, 'it waits for a slow reader');
  slow.socket.isStalled = false;
  slow.socket.empty();
  slow.session.onDrain();
  t.match(slow.socket.sent.at(-1), { id: 2, event: 'done', data: { rows: [2] } });
});

t.test('a large delta is made in pieces, and what follows it comes behind it', async (t) => {
  const { socket, ask } = setUp();
  const large = { rows: slowRows(12) };
  const stream = ask('a').startEvents();
  stream.send(large);
  t.notOk(stream.isWritable, 'nothing more for now');
  let numDrains = 0;
  stream.onDrain(() => numDrains++);
  stream.end({ text: 'last' });
  t.equal(socket.sent.length, 0, 'not in this turn');
  let numTurns = 0;
  for (; socket.sent.length < 2; numTurns++) await new Promise(setImmediate);
  t.ok(numTurns > 1, `${numTurns} turns of others`);
  t.same(socket.sent, [
    { id: 'a', event: 'delta', data: JSON.parse(JSON.stringify(large)) as unknown },
    { id: 'a', event: 'done', data: { text: 'last' } },
  ]);

  const growing = ask('b').startEvents();
  growing.onDrain(() => numDrains++);
  growing.send(large);
  while (!growing.isWritable) await new Promise(setImmediate);
  t.equal(numDrains, 1, 'it is told when more may be said');

  const left = setUp();
  const unread = left.ask('c').startEvents();
  unread.send(large);
  left.socket.close(1000);
  await later(50);
  t.equal(left.socket.sent.length, 0, 'nothing for a socket that is gone');
});

t.test('failures are error events with the status they have over HTTP', async (t) => {
  const { socket, started, errors, ask } = setUp();
  ask('refused');
  started[0]?.fail(new RequestError('QUEUE_FULL', 'The request queue is full.'));
  ask('bug');
  started[1]?.fail(new TypeError('of ours'));
  ask('failed').fail({ code: 'DEVICE_FAILED', message: 'gone' });
  await later();
  t.match(socket.sent, [
    { id: 'failed', event: 'error', data: { error: { message: 'gone', code: 500 } } },
    { id: 'refused', data: { error: { message: 'The request queue is full.', code: 503 } } },
    { id: 'bug', data: { error: { message: 'Internal server error.', code: 500 } } },
  ]);
  t.match(errors, [{ message: 'of ours' }], 'only the bug is logged');
});

t.test('messages that make no sense get an error and cost nobody anything', (t) => {
  const { socket, session, started, say, ask } = setUp();
  ask('live');
  session.onMessage(Buffer.from('{"op":'), false);
  session.onMessage(Buffer.from('['.repeat(3000)), false);
  for (const id of ['', 'x'.repeat(129), 1.5, null, {}]) say({ op: 'generate', id, body: {} });
  say({ op: 'generate', id: 'b', body: 'text' });
  say({ op: 'dance', id: 'c' });
  say({ op: 'generate', id: 'live', body: {} });
  say({ op: 'generate', id: 'live', body: 'text' });
  say({ op: 'dance', id: 'live' });
  t.match(socket.sent, [
    { id: null, data: { error: { message: /^The message is not valid JSON/, code: 400 } } },
    { id: null, data: { error: { message: /nested deeper than 128/, code: 400 } } },
    ...Array.from({ length: 5 }, () => ({ id: null, data: { error: { message: /^id must be/ } } })),
    { id: 'b', data: { error: { message: 'body must be a JSON object.' } } },
    { id: 'c', data: { error: { message: /^op must be/ } } },
    { id: null, data: { error: { message: 'This id is in use on this socket. id: live' } } },
    { id: null, data: { error: { message: 'body must be a JSON object.' } } },
    { id: null, data: { error: { message: /^op must be/ } } },
  ]);
  t.equal(started.length, 1);
  t.equal(socket.closeCode, null);
  t.end();
});

t.test('bytes that are no text, and messages over the limit, end the socket', (t) => {
  const binary = setUp();
  binary.session.onMessage(Buffer.from('{}'), true);
  t.equal(binary.socket.closeCode, 1003);
  const large = setUp({ limits: { maxMessageBytes: 100 } });
  large.session.onMessage(Buffer.alloc(100, 0x20), false);
  t.equal(large.socket.closeCode, null);
  large.session.onMessage(Buffer.alloc(101, 0x20), false);
  t.equal(large.socket.closeCode, 1009);
  large.say({ op: 'generate', id: 1, body: {} });
  t.equal(large.started.length, 0, 'nothing is heard after the end');
  t.end();
});

t.test('cancel aborts one request, even one that is not submitted yet', (t) => {
  const { say, ask, socket } = setUp();
  const aborted: string[] = [];
  const submit = (id: string, isBackground = false): void => {
    const abort = (): void => void aborted.push(id);
    ask(id).onAbortable(abort, isBackground);
  };
  submit('a');
  submit('b', true);
  say({ op: 'cancel', id: 'a' });
  say({ op: 'cancel', id: 'nobody' });
  const early = ask('early');
  say({ op: 'cancel', id: 'early' });
  early.onAbortable(() => void aborted.push('early'), false);
  t.same(aborted, ['a', 'early']);
  t.same(socket.sent, [], 'the ending comes from the request itself');
  socket.close(1000);
  t.same(aborted, ['a', 'early', 'a', 'early'], 'a background request outlives its socket');
  t.end();
});

t.test('the end of the socket aborts what is live, and what is submitted later', (t) => {
  const { ask, socket, session, closed } = setUp();
  const aborted: string[] = [];
  ask('done').answer('x');
  ask('a').onAbortable(() => void aborted.push('a'), false);
  const late = ask('late');
  socket.close(1000);
  t.same(aborted, ['a']);
  t.ok(late.isClosed);
  late.onAbortable(() => void aborted.push('late'), false);
  t.same(aborted, ['a', 'late']);
  t.same(closed, [session]);
  t.end();
});

t.test('requests beyond the limit are refused one by one', (t) => {
  const { socket, started, ask, say } = setUp({ limits: { maxLiveRequests: 2 } });
  const first = ask('a');
  ask('b');
  say({ op: 'generate', id: 'c', body: {} });
  t.match(socket.sent, [errorOf('c', 503)]);
  first.answer(1);
  ask('d');
  t.equal(started.length, 3);
  t.end();
});

t.test('a slow reader is told later, the longest unserved request first', (t) => {
  const rig = setUp();
  const { socket, session, ask } = rig;
  const streams = ['a', 'b', 'c'].map((id) => ask(id).startEvents());
  const served: number[] = [];
  streams.forEach((stream, i) => {
    stream.onDrain(() => {
      served.push(i);
      stream.send('x'.repeat(SOCKET_LIMITS.highWaterBytes));
    });
  });
  const whole = ask('whole');
  socket.isStalled = true;
  streams[0]?.send('x'.repeat(SOCKET_LIMITS.highWaterBytes));
  t.equal(streams[1]?.isWritable, false);
  whole.answer('the answer');
  t.equal(socket.sent.length, 1, 'an answer waits');
  for (let round = 0; round < 3; round++) {
    socket.empty();
    session.onDrain();
  }
  t.same(served, [0, 1, 2], 'nobody is served twice before all are');
  t.equal(socket.sent.length, 4);
  socket.empty();
  session.onDrain();
  t.same(socket.sent[4], { id: 'whole', event: 'done', data: 'the answer' });
  session.onClose();
  t.end();
});

t.test('errors for a slow reader wait, up to a bound', (t) => {
  const rig = setUp({ limits: { maxHeldErrors: 2 } });
  stall(rig, rig.ask('a'));
  rig.say({ op: 'x', id: 1 });
  rig.say({ op: 'x', id: 2 });
  t.equal(rig.socket.sent.length, 1);
  rig.socket.empty();
  rig.session.onDrain();
  t.match(rig.socket.sent.slice(1), [errorOf(1, 400), errorOf(2, 400)]);
  rig.socket.send(JSON.stringify('x'.repeat(SOCKET_LIMITS.highWaterBytes)));
  for (const id of [3, 4, 5]) rig.say({ op: 'x', id });
  t.equal(rig.socket.closeCode, 1008);
  t.end();
});

t.test(
  'a reader that never takes anything is closed, one that takes a little is not',
  async (t) => {
    const rig = setUp({ limits: { stalledReaderMs: 60 } });
    stall(rig, rig.ask('a'));
    for (let i = 0; i < 4; i++) {
      await later(30);
      rig.session.onDrain();
    }
    t.equal(rig.socket.closeCode, null);
    await later(120);
    t.equal(rig.socket.closeCode, 1008);

    const caughtUp = setUp({ limits: { stalledReaderMs: 20 } });
    stall(caughtUp, caughtUp.ask('a'));
    caughtUp.socket.empty();
    caughtUp.session.onDrain();
    await later(60);
    t.equal(caughtUp.socket.closeCode, null);
  },
);

t.test('without a key the first message must bring it', async (t) => {
  const first = async (t: Test, message: unknown, code: number | null): Promise<void> => {
    const { socket, say } = setUp({ isAuthenticated: false, limits: { authTimeoutMs: 20 } });
    say(message);
    t.equal(socket.closeCode, code);
    await later(60);
    t.equal(socket.closeCode, code, 'and the time limit is over');
  };
  await first(t, { op: 'auth', key: 'secret' }, null);
  await first(t, { op: 'auth', key: 'guess' }, 4401);
  await first(t, { op: 'auth' }, 4401);
  await first(t, { op: 'generate', id: 1, body: {} }, 4401);
  await first(t, 'junk', 4401);
  await first(t, { op: 'auth', key: 'x'.repeat(5000) }, 1009);

  const silent = setUp({ isAuthenticated: false, limits: { authTimeoutMs: 20 } });
  await later(60);
  t.equal(silent.socket.closeCode, 4401);
  const known = setUp();
  known.say({ op: 'auth', key: 'secret' });
  t.equal(known.socket.closeCode, null, 'saying it twice does no harm');
});

t.test('each error event is told of, by its id and rid', async (t) => {
  const { failed, started, say, ask } = setUp({ limits: { maxLiveRequests: 2 } });
  say({ op: 'nope', id: 1 });
  say('junk');
  say({ op: 'generate', id: 'a', body: { rid: ['r', 's'] } });
  say({ op: 'generate', id: 'a', body: {} });
  const other = ask(2);
  say({ op: 'generate', id: 3, body: {} });
  started[0]?.fail(new RequestError('PROMPT_TOO_LONG', 'too long'));
  await later();
  other.startEvents().noteFailure({ code: 'DEVICE_FAILED', message: 'it died' });
  t.match(failed, [
    { name: 1, status: 400, sentence: /^op must be/ },
    { name: null, status: 400, sentence: /JSON object/ },
    { name: null, status: 400, sentence: 'This id is in use on this socket. id: a' },
    { name: 3, status: 503, sentence: /^At most 2 requests/ },
    { name: 'a', status: 400, sentence: 'too long', rid: 'r' },
    { name: 2, status: 500, sentence: 'it died', rid: null },
  ]);
  t.equal(failed.length, 6);
});

t.test('a watch is a stream of its own; another under its id changes what it shows', (t) => {
  const { socket, say, watches, failed } = setUp();
  say({ op: 'watch', id: 'w', body: { topics: ['engine'] } });
  const [watch] = watches;
  const stream = watch?.sink.startEvents();
  watch?.sink.onAbortable(() => stream?.end(null), false);
  stream?.send({ kind: 'snapshot' });
  say({ op: 'watch', id: 'w', body: { topics: ['cache'] } });
  t.same(watch?.bodies, [{ topics: ['engine'] }, { topics: ['cache'] }]);
  t.equal(watches.length, 1);
  say({ op: 'generate', id: 'w', body: {} });
  say({ op: 'cancel', id: 'w' });
  say({ op: 'watch', id: 'w', body: { topics: 'bad' } });
  say({ op: 'watch', id: 'w', body: { topics: ['experts'] } });
  t.equal(watches.length, 2, 'its id is free again after its end');
  t.match(socket.sent, [
    { id: 'w', event: 'delta', data: { kind: 'snapshot' } },
    { id: null, event: 'error', data: { error: { message: /^This id is in use/, code: 400 } } },
    { id: 'w', event: 'done', data: null },
    { id: 'w', event: 'error', data: { error: { message: 'no such topic', code: 400 } } },
  ]);
  t.match(failed.at(-1), { name: 'w', status: 400, sentence: 'no such topic' });
  t.end();
});

t.test('a watch ends with its socket', (t) => {
  const { socket, say, watches } = setUp();
  say({ op: 'watch', id: 1, body: {} });
  let numLeft = 0;
  watches[0]?.sink.onAbortable(() => numLeft++, false);
  socket.close(1000);
  t.equal(numLeft, 1);
  t.end();
});

t.test('each key adds to what a socket may do', (t) => {
  const { socket, say, watches, started } = setUp({ isAuthenticated: false });
  say({ op: 'auth', key: 'admin' });
  say({ op: 'watch', id: 'w', body: {} });
  t.same(watches[0]?.rights(), { ask: false, admin: true, text: true });
  say({ op: 'generate', id: 1, body: {} });
  say({ op: 'explain', id: 2, body: {} });
  const refused = { event: 'error', data: { error: { message: /API key/, code: 401 } } };
  t.match(socket.sent, [
    { id: 1, ...refused },
    { id: 2, ...refused },
  ]);
  say({ op: 'auth', key: 'secret' });
  t.same(watches[0]?.rights(), { ask: true, admin: true, text: true });
  say({ op: 'explain', id: 3, body: {} });
  t.match(started, [{ op: 'explain' }]);
  say({ op: 'auth', key: 'guess' });
  t.equal(socket.closeCode, 4401, 'a wrong one is never good');
  t.end();
});
