import t from 'tap';

import type { Call } from '../../../src/api/calls.js';
import { ask, LocalAnswer } from '../../../src/api/local-answer.js';
import { refuse } from '../../../src/core/errors.js';
import type { AnswerSink } from '../../../src/engine/answer-sink.js';
import { field } from '../../../src/http/fields.js';
import { fieldOf } from '../../../src/http/json.js';
import { LazyNumbers } from '../../../src/http/large-json.js';
import { turnOfEvents } from '../../doubles/turn-of-events.js';

const FIELDS = { text: field.string('A text.') };

function callOf(answer: Call['answer']): Call {
  return { fields: FIELDS, answer };
}

async function thrownBy(answer: LocalAnswer): Promise<unknown> {
  try {
    return await answer.next();
  } catch (error) {
    return error;
  }
}

t.test('a whole answer is one value, as JSON has it', async (t) => {
  const call = callOf((body, sink) => {
    sink.answer({
      text: fieldOf(body, 'text'),
      none: undefined,
      x: new LazyNumbers(Float32Array.of(0.5, NaN)),
    });
    return Promise.resolve();
  });
  const answer = ask(call, { text: 'é', skipped: undefined });
  t.same(await answer.next(), { value: { text: 'é', x: [0.5, null] } });
  t.equal(await answer.next(), null);
  t.equal(await answer.next(), null, 'and again');
});

t.test('what is thrown on the way is a failure; what is no body too', async (t) => {
  const refused = ask(
    callOf(() => refuse('No.')),
    {},
  );
  t.match(await thrownBy(refused), { failure: { code: 'INVALID_REQUEST', message: 'No.' } });
  const bug = new TypeError('a bug');
  const failed = ask(
    callOf(() => Promise.reject(bug)),
    {},
  );
  t.match(await thrownBy(failed), { failure: { code: 'INTERNAL' }, cause: bug });
  for (const body of [undefined, [], 'x', null, 1]) {
    const wrong = ask(
      callOf(() => Promise.resolve()),
      body,
    );
    t.match(await thrownBy(wrong), { failure: { code: 'INVALID_JSON' } }, String(body));
  }
  const round: { self?: unknown } = {};
  round.self = round;
  const endless = ask(
    callOf(() => Promise.resolve()),
    round,
  );
  const message = /^The request body cannot be written as JSON: [^\n]*\.$/;
  t.match(await thrownBy(endless), { failure: { code: 'INVALID_JSON', message } });
  const large = ask(
    callOf(() => Promise.resolve()),
    { seed: 5n },
  );
  t.match(await thrownBy(large), { failure: { code: 'INVALID_JSON', message } });
});

t.test('events come in order, and one that is behind is told to whoever makes them', async (t) => {
  const answer = new LocalAnswer();
  const events = answer.startEvents();
  let numDrains = 0;
  events.onDrain(() => {
    numDrains++;
  });
  let numSent = 0;
  while (events.isWritable) events.send(numSent++);
  t.ok(numSent > 1 && numSent < 100, `${numSent} lie ready`);
  t.same(await answer.next(), { value: 0 });
  t.equal(numDrains, 1);
  events.end('last');
  for (let i = 1; i < numSent; i++) t.same(await answer.next(), { value: i });
  t.same(await answer.next(), { value: 'last' });
  t.equal(await answer.next(), null);
});

t.test('a failure comes behind what was out before it', async (t) => {
  const answer = new LocalAnswer();
  const events = answer.startEvents();
  const first = answer.next();
  events.send(1);
  events.fail({ code: 'NO_DEVICE', message: 'gone' });
  events.send(2);
  t.same(await first, { value: 1 });
  t.match(await thrownBy(answer), { failure: { code: 'NO_DEVICE' } });
});

t.test(
  'cancelled, it throws the reason and aborts, also when it can be aborted only later',
  async (t) => {
    for (const isLate of [false, true]) {
      const answer = new LocalAnswer();
      let numAborts = 0;
      const abortable = (): void => {
        answer.onAbortable(() => numAborts++, false);
      };
      if (!isLate) abortable();
      answer.send('lost');
      const reason = new Error('enough');
      answer.cancel(reason);
      answer.cancel(new Error('again'));
      if (isLate) abortable();
      t.equal(numAborts, 1);
      t.ok(answer.isClosed);
      answer.send('lost too');
      await t.rejects(answer.next(), reason);
    }
  },
);

t.test('a background request survives that nobody waits, not that it is cancelled', (t) => {
  for (const [survives, act, aborts] of [
    [true, 'leave', 0],
    [false, 'leave', 1],
    [true, 'cancel', 1],
  ] as const) {
    const answer = new LocalAnswer();
    let numAborts = 0;
    answer.onAbortable(() => numAborts++, survives);
    if (act === 'leave') answer.leave();
    else answer.cancel(new Error('enough'));
    t.equal(numAborts, aborts, `${act}, background ${survives}`);
  }
  t.end();
});

t.test('one who waits is woken by whatever comes', async (t) => {
  const acts: readonly ((sink: AnswerSink) => void)[] = [
    (sink) => {
      sink.answer(1);
    },
    (sink) => {
      sink.fail({ code: 'TIMED_OUT', message: 'late' });
    },
  ];
  for (const act of acts) {
    const answer = new LocalAnswer();
    let isSettled = false;
    const next = answer.next().finally(() => {
      isSettled = true;
    });
    next.catch(() => undefined);
    await turnOfEvents();
    t.notOk(isSettled);
    act(answer);
    await turnOfEvents();
    t.ok(isSettled);
  }
});

t.test('whoever waits and leaves is told at once that it is over', async (t) => {
  const answer = new LocalAnswer();
  const next = answer.next();
  answer.leave();
  t.equal(await next, null);
});
