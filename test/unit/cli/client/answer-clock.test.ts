import t from 'tap';

import { AnswerClock, statsLine } from '../../../../src/cli/client/answer-clock.js';

function after(times: readonly number[]): AnswerClock {
  let nowMs = 1000;
  const clock = new AnswerClock(() => nowMs);
  for (const ms of times) {
    nowMs = 1000 + ms;
    clock.take({ kind: 'text', text: 'x' });
  }
  return clock;
}

t.test('the rate is that of the tokens behind the first', (t) => {
  const clock = after([250, 350, 450]);
  const usage = { promptTokens: 30, completionTokens: 5, cachedTokens: 18 };
  clock.take({ kind: 'end', finishReason: 'stop', usage });
  t.match(clock.stats(), { numTokens: 5, ttftMs: 250, tokensPerSecond: 20 });
  t.equal(
    statsLine(clock.stats()),
    '5 tokens, 20.0 tok/s, first after 0.25 s, 18 of 30 prompt tokens cached',
  );
  t.end();
});

t.test('where the server does not count, pieces are counted', (t) => {
  t.equal(statsLine(after([10, 20]).stats()), 'about 2 tokens, 100.0 tok/s, first after 0.01 s');
  t.equal(statsLine(after([10]).stats()), 'about 1 token, first after 0.01 s');
  t.equal(statsLine(after([]).stats()), 'about 0 tokens');
  const uncached = after([10]);
  const usage = { promptTokens: 3, completionTokens: 1, cachedTokens: null };
  uncached.take({ kind: 'end', finishReason: 'stop', usage });
  t.equal(statsLine(uncached.stats()), '1 token, first after 0.01 s, 3 prompt tokens');
  t.end();
});
