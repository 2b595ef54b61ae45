import t from 'tap';

import { Draft } from '../../../../src/page/chat/draft.js';
import { tokensPerSecond } from '../../../../src/page/chat/speed.js';

const delta = (fields: object, more: object = {}): object => ({
  choices: [{ index: 0, delta: fields, ...more }],
});

t.test('chunks add up to an answer', (t) => {
  const draft = new Draft();
  draft.add(delta({ role: 'assistant', content: '' }), 5);
  draft.add({ ...delta({ reasoning_content: 'Hm.' }), usage: { completion_tokens: 2 } }, 10);
  draft.add(delta({ content: 'Hel' }), 20);
  draft.add(delta({ content: 'lo' }, { finish_reason: 'stop' }), 30);
  draft.add(
    {
      choices: [],
      sglext: { cached_tokens_details: { device: 16 }, cache_info: { message: 'Why.' } },
    },
    31,
  );
  draft.add({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 12 } }, 32);
  t.match(draft.ended(60), {
    content: 'Hello',
    reasoning: 'Hm.',
    finish: 'stop',
    stats: {
      promptTokens: 20,
      completionTokens: 12,
      cachedTokens: 16,
      cacheNote: 'Why.',
      firstMs: 10,
      firstTokens: 2,
      totalMs: 60,
    },
  });
  const { stats } = draft.ended(60);
  t.equal(stats && tokensPerSecond(stats), 200);
  t.end();
});

t.test('calls come in parts, several side by side', (t) => {
  const draft = new Draft();
  const call = (index: number, fields: object): object =>
    delta({ tool_calls: [{ index, ...fields }] });
  draft.add(call(0, { id: 'a', function: { name: 'look', arguments: '{"x"' } }), 1);
  draft.add(call(1, { id: 'b', function: { name: 'go', arguments: '{}' } }), 2);
  draft.add(call(0, { function: { arguments: ':1}' } }), 3);
  t.same(draft.shown.toolCalls, [
    { id: 'a', name: 'look', arguments: '{"x":1}' },
    { id: 'b', name: 'go', arguments: '{}' },
  ]);
  t.end();
});

t.test('probabilities come with their alternatives', (t) => {
  const draft = new Draft();
  const content = [
    { token: 'A', bytes: [65], logprob: -0.1, top_logprobs: [{ token: 'B', logprob: -2 }] },
  ];
  draft.add(delta({ content: 'A' }, { logprobs: { content } }), 1);
  t.same(draft.shown.tokens, [
    { text: 'A', bytes: [65], logprob: -0.1, top: [{ text: 'B', logprob: -2 }] },
  ]);
  t.end();
});

t.test('a failure in the midst of a stream is thrown, in its own words', (t) => {
  const draft = new Draft();
  t.throws(
    () => {
      draft.add({ error: { message: 'The device failed.', code: 500 } }, 1);
    },
    { message: 'The device failed.', status: 500 },
  );
  t.end();
});

t.test('what makes no sense adds nothing', (t) => {
  const draft = new Draft();
  for (const chunk of [undefined, null, 3, 'x', [], { choices: 'no' }, { choices: [null] }]) {
    draft.add(chunk, 1);
  }
  t.equal(draft.shown.content, '');
  t.end();
});

t.test('what came all at once has no speed', (t) => {
  const stats = { promptTokens: 1, cachedTokens: 0, cacheNote: '', firstMs: 10 };
  t.equal(tokensPerSecond({ ...stats, completionTokens: 9, firstTokens: 9, totalMs: 99 }), null);
  t.equal(tokensPerSecond({ ...stats, completionTokens: 9, firstTokens: 1, totalMs: 11 }), null);
  t.end();
});
