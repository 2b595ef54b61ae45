import t from 'tap';

import type { FinishReason } from '../../../../src/core/finish-reason.js';
import { BOS, idsOf } from '../tiny-tokenizer.js';
import { answering, LENGTH } from '../openai/openai-app.js';
import { anthropicApp, asked, eventsOf, messages, PATH } from './anthropic-app.js';

const STOP: FinishReason = { type: 'stop', matched: 300 };
const CALL =
  '<think>Hm.</think>Ok.\n<tool_call>\n{"name": "f", "arguments": {"n": 1}}\n</tool_call>';
const tools = [{ name: 'f', input_schema: { type: 'object' } }];

t.test('a whole answer has exactly these keys', async (t) => {
  const app = await anthropicApp(t);
  const seen = answering(app, 'abc', STOP);
  const { status, json, headers } = await app.post(`${PATH}?beta=true`, asked);
  t.equal(status, 200);
  t.match(headers.get('request-id'), /^req_[\da-f]{24}$/);
  const { id, ...message } = json as { id: string };
  t.match(id, /^msg_[\da-f]{24}$/);
  t.equal(seen[0]?.rid, id, 'the log and /abort_request know it by this name');
  t.strictSame(message, {
    type: 'message',
    role: 'assistant',
    model: 'any',
    content: [{ type: 'text', text: 'abc' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: 9,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 2,
      output_tokens: 3,
      output_tokens_details: { thinking_tokens: 0 },
    },
  });
  t.strictSame([...(seen[0]?.inputIds ?? [])], [BOS, ...idsOf('[user:hi]>')]);
});

t.test('the events of a stream, in Anthropic’s order', async (t) => {
  const app = await anthropicApp(t);
  answering(app, CALL, STOP);
  const { text, headers } = await app.post(PATH, { ...asked, tools, stream: true });
  t.match(headers.get('request-id'), /^req_/);
  t.match(headers.get('content-type'), /^text\/event-stream/);
  const events = eventsOf(text);
  const order = events.map(({ type, index }) =>
    typeof index === 'number' ? `${type} ${index}` : type,
  );
  const blocks = [0, 1, 2].flatMap((i) => [
    `content_block_start ${i}`,
    `content_block_delta ${i}`,
    `content_block_stop ${i}`,
  ]);
  const once = order.filter((line, i) => line !== order[i - 1]);
  t.strictSame(once, ['message_start', ...blocks, 'message_delta', 'message_stop']);
  t.match(events[0], {
    message: { content: [], stop_reason: null, stop_sequence: null, usage: { output_tokens: 0 } },
  });
  t.match(events.at(-2), {
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: {
      output_tokens: CALL.length,
      output_tokens_details: { thinking_tokens: '<think>Hm.</think>'.length },
    },
  });
});

t.test('whole answers say the same', async (t) => {
  const app = await anthropicApp(t);
  answering(app, CALL, STOP);
  const { json } = await app.post(PATH, { ...asked, tools });
  t.match(json, {
    content: [
      { type: 'thinking', thinking: 'Hm.' },
      { type: 'text', text: 'Ok.' },
      { type: 'tool_use', id: /^toolu_[\da-f]{24}$/, name: 'f', input: { n: 1 } },
    ],
    stop_reason: 'tool_use',
  });
});

t.test('why an answer ended', async (t) => {
  const app = await anthropicApp(t);
  const rows: [string, FinishReason, object, object][] = [
    ['abc', LENGTH, { max_tokens: 3 }, { stop_reason: 'max_tokens', stop_sequence: null }],
    ['abc', LENGTH, { max_tokens: 5000 }, { stop_reason: 'model_context_window_exceeded' }],
    [CALL, LENGTH, { max_tokens: CALL.length, tools }, { stop_reason: 'max_tokens' }],
    [
      'abc',
      { type: 'stop', matched: 'd' },
      { stop_sequences: ['x', 'd'] },
      { stop_reason: 'stop_sequence', stop_sequence: 'd' },
    ],
    ['abc', { type: 'stop', matched: 'd' }, {}, { stop_reason: 'end_turn', stop_sequence: null }],
    ['abc', { type: 'abort', message: 'enough', code: null }, {}, { stop_reason: 'end_turn' }],
  ];
  for (const [text, reason, more, expected] of rows) {
    const seen = answering(app, text, reason);
    t.match((await app.post(PATH, { ...asked, ...more })).json, expected);
    t.ok((seen[0]?.sampling.maxNewTokens ?? 999) <= 189, 'clipped to the room');
  }
});

t.test('every field reaches the request', async (t) => {
  const app = await anthropicApp(t);
  const seen = answering(app, 'abc', STOP);
  await app.post(PATH, { ...asked, temperature: 0.5, top_p: 0.25, top_k: 7 });
  t.match(seen.pop()?.sampling, { maxNewTokens: 50, temperature: 0.5, topP: 0.25, topK: 7 });
  const thinking = { type: 'enabled', budget_tokens: 1024 };
  await app.post(PATH, { ...asked, max_tokens: 1500, thinking });
  t.match(seen.pop()?.sampling, { thoughtBudget: { maxTokens: 1024 } });
  await app.post(PATH, { ...asked, messages: [...messages, { role: 'assistant', content: 'So' }] });
  t.strictSame([...(seen.pop()?.inputIds ?? [])], [BOS, ...idsOf('[user:hi]>So')]);
});

t.test('the count is that of the real request', async (t) => {
  const app = await anthropicApp(t);
  const seen = answering(app, 'abc', STOP);
  const body = { ...asked, system: 'Be kind.', tools, thinking: { type: 'adaptive' } };
  const { status, json, headers } = await app.post(`${PATH}/count_tokens`, body);
  t.equal(status, 200);
  t.match(headers.get('request-id'), /^req_/);
  await app.post(PATH, body);
  t.strictSame(json, { input_tokens: seen[0]?.inputIds.length });
  const long = [{ role: 'user', content: 'a'.repeat(500) }];
  const counted = await app.post(`${PATH}/count_tokens`, { model: 'any', messages: long });
  t.strictSame(counted.json, { input_tokens: 509 }, 'whatever fits, and without max_tokens');
});

t.test('any model name is taken and sent back, whatever its colons', async (t) => {
  const app = await anthropicApp(t);
  answering(app, 'abc', STOP);
  for (const model of ['claude-sonnet', 'vendor.claude-v1:0', 'org/tiny:adapter']) {
    const { status, json } = await app.post(PATH, { ...asked, model });
    t.equal(status, 200);
    t.match(json, { model });
  }
});
