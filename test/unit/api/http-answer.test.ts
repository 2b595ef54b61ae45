import t from 'tap';

import { DATA_EVENTS, JSON_LINES, NAMED_EVENTS } from '../../../src/api/framing.js';
import { HttpAnswer, type Dialect } from '../../../src/api/http-answer.js';
import type { FullResponse, HttpReply } from '../../../src/http/http.js';
import { LazyRows } from '../../../src/http/large-json.js';
import { slowRows } from '../http/slow-rows.js';

const SPELLING: Dialect = {
  refused: ({ message }) => ({ status: 400, body: message }),
  failed: ({ message }) => ({ status: 500, body: message }),
  streamed: ({ message }) => ({ type: 'error', message }),
};

/** A reply that keeps what it is given. */
function open(dialect: Partial<Dialect> = {}) {
  const frames: string[] = [];
  const sent: FullResponse[] = [];
  const seen = { hasEnded: false, contentType: '' };
  const reply: HttpReply = {
    isClosed: false,
    onClientLeft: () => undefined,
    send: (response) => sent.push(response),
    noteFailure: () => undefined,
    startStream: (headers) => {
      seen.contentType = headers['content-type'] ?? '';
      return {
        isWritable: true,
        onDrain: () => undefined,
        write: (frame) => frames.push(frame),
        end: () => {
          seen.hasEnded = true;
        },
      };
    },
  };
  return { answer: new HttpAnswer(reply, { ...SPELLING, ...dialect }), frames, sent, seen };
}

const large = () => ({ type: 'delta', rows: slowRows(12) });

async function turnsUntil(isDone: () => boolean): Promise<number> {
  let numTurns = 0;
  for (; !isDone(); numTurns++) await new Promise(setImmediate);
  return numTurns;
}

t.test('each dialect frames its events its way', (t) => {
  const events = [{ type: 'delta', n: 1 }, { type: 'stop' }];
  const framed = (framing: typeof DATA_EVENTS): string => {
    const { answer, frames, seen } = open({ framing });
    const stream = answer.startEvents();
    stream.send(events[0]);
    stream.end(events[1]);
    t.ok(seen.hasEnded);
    return `${seen.contentType.split(';')[0] ?? ''}|${frames.join('')}`;
  };
  t.equal(
    framed(DATA_EVENTS),
    'text/event-stream|data: {"type":"delta","n":1}\n\ndata: {"type":"stop"}\n\ndata: [DONE]\n\n',
  );
  t.equal(
    framed(NAMED_EVENTS),
    'text/event-stream|event: delta\ndata: {"type":"delta","n":1}\n\nevent: stop\ndata: {"type":"stop"}\n\n',
  );
  t.equal(framed(JSON_LINES), 'application/x-ndjson|{"type":"delta","n":1}\n{"type":"stop"}\n');
  t.end();
});

t.test('a stream that fails ends with the failure as its dialect has it', (t) => {
  const { answer, frames, seen } = open({ framing: NAMED_EVENTS });
  answer.startEvents().fail({ code: 'DEVICE_FAILED', message: 'gone' });
  t.same(frames, ['event: error\ndata: {"type":"error","message":"gone"}\n\n']);
  t.ok(seen.hasEnded);
  t.end();
});

t.test('a large event is made in pieces, and what follows it comes behind it', async (t) => {
  const { answer, frames } = open();
  const stream = answer.startEvents();
  stream.send(large());
  t.notOk(stream.isWritable, 'nothing more for now');
  stream.end({ type: 'stop' });
  t.equal(frames.length, 0, 'not in this turn');
  const numTurns = await turnsUntil(() => frames.length > 1);
  t.ok(numTurns > 1, `${numTurns} turns of others`);
  t.same(frames, [
    `data: ${JSON.stringify(large())}\n\n`,
    'data: {"type":"stop"}\n\ndata: [DONE]\n\n',
  ]);
});

t.test(
  'what goes wrong in a piece becomes a failure, of a stream or of a whole answer',
  async (t) => {
    const bug = (): never => {
      throw new Error('a bug');
    };
    const broken = { type: 'delta', rows: new LazyRows([1, 2], bug, 20_000) };
    const streamed = open();
    streamed.answer.startEvents().send(broken);
    await turnsUntil(() => streamed.frames.length > 0);
    t.same(streamed.frames, ['data: {"type":"error","message":"Internal server error."}\n\n']);
    const whole = open();
    whole.answer.answer(broken);
    await turnsUntil(() => whole.sent.length > 0);
    t.match(whole.sent, [{ status: 500, body: 'Internal server error.' }]);
  },
);
