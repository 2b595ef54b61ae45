import t from 'tap';

import { DIALECTS } from '../../../../src/cli/bench/dialects.js';

const ROW = { prompt: 'Hi', promptLen: 1, outputLen: 9 };
const OPTIONS = { model: 'm', ignoreEos: true, temperature: 0, extra: {} };

t.test('bodies are those of bench_serving', (t) => {
  const { sglang, openai, 'openai-chat': chat } = DIALECTS;
  t.strictSame(sglang.body({ ...ROW, prompt: [1, 2] }, OPTIONS), {
    input_ids: [1, 2],
    sampling_params: { temperature: 0, max_new_tokens: 9, ignore_eos: true },
    stream: true,
  });
  t.match(sglang.body(ROW, OPTIONS), { text: 'Hi' });
  const stream = { stream: true, stream_options: { include_usage: true } };
  t.strictSame(openai.body(ROW, OPTIONS), {
    model: 'm',
    prompt: 'Hi',
    max_tokens: 9,
    temperature: 0,
    ignore_eos: true,
    ...stream,
  });
  t.strictSame(
    chat.body(ROW, { ...OPTIONS, ignoreEos: false, extra: { temperature: 1, top_k: 2 } }),
    {
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 9,
      temperature: 1,
      ...stream,
      top_k: 2,
    },
  );
  t.end();
});

t.test('bytes say what the JSON says', (t) => {
  const texts = ['', 'a', '"', '\\', '"text":"x"', '"completion_tokens":99', '\n', 'é'];
  const spellings = [JSON.stringify, (value: unknown) => JSON.stringify(value, null, 1)];
  for (const text of texts) {
    for (const spell of spellings) {
      const event = { text, meta_info: { completion_tokens: 12, x: text } };
      const bytes = Buffer.from(spell(event));
      t.strictSame(DIALECTS.sglang.news(bytes), { hasText: text !== '', numTokens: 12 }, text);
      const chunk = { choices: [{ text }], usage: null };
      t.equal(DIALECTS.openai.news(Buffer.from(spell(chunk))).hasText, text !== '', text);
      const delta = { choices: [{ delta: { reasoning_content: null, content: text } }] };
      t.equal(DIALECTS['openai-chat'].news(Buffer.from(spell(delta))).hasText, text !== '', text);
    }
  }
  t.notOk(DIALECTS.openai.hasCounts(Buffer.from('{"usage":null}')));
  t.ok(DIALECTS.openai.hasCounts(Buffer.from('{"usage": {"completion_tokens": 1}}')));
  t.strictSame(DIALECTS.sglang.news(Buffer.from('{"meta_info":{"completion_tokens":null}}')), {
    hasText: false,
    numTokens: null,
  });
  t.end();
});
