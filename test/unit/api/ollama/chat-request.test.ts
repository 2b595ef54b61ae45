import t from 'tap';

import { NO_PARSERS } from '../../../../src/text/model-parsers.js';
import { failureReason } from '../../../../src/core/finish-reason.js';
import { answering, LENGTH } from '../openai/openai-app.js';
import { linesOf, ollamaApp, promptOf, STOP, TOOLS, type Line } from './ollama-app.js';

const PATH = '/api/chat';
const user = { role: 'user', content: 'hi' };
const body = { model: 'tiny', messages: [user] };
const THOUGHT = '<think>\nHm.</think>\n\n';
const CALLS =
  'Ok.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>\n<tool_call>\n{"name": "now"}\n</tool_call>';
const DURATIONS = [
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'prompt_eval_duration',
  'eval_count',
  'eval_duration',
];

t.test('streams lines unless it is told not to', async (t) => {
  const app = await ollamaApp(t);
  answering(app, 'Hello', STOP);
  const { headers, text, status } = await app.post(PATH, body);
  t.equal(status, 200);
  t.equal(headers.get('content-type'), 'application/x-ndjson');
  const lines = linesOf(text);
  t.ok(lines.length > 3, 'as it comes');
  t.equal(lines.map(({ message }) => message?.content).join(''), 'Hello');
  t.ok(lines.every(({ message, model }) => message?.role === 'assistant' && model === 'tiny'));
  t.strictSame(
    lines.map(({ done }) => done),
    lines.map((_, i) => i === lines.length - 1),
  );
  t.ok(lines.every((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(line.created_at)));
  const last = lines.at(-1) as Line & Record<string, number>;
  t.equal(last.done_reason, 'stop');
  t.ok(DURATIONS.every((name) => Number.isSafeInteger(last[name])));
  t.equal(last['eval_count'], 5);
  const parts = ['load_duration', 'prompt_eval_duration', 'eval_duration'] as const;
  const sum = parts.reduce((total, name) => total + (last[name] ?? NaN), 0);
  t.ok(Math.abs(sum - (last['total_duration'] ?? NaN)) <= 3, 'the parts are the whole');
});

t.test('one answer, with all of it', async (t) => {
  const app = await ollamaApp(t);
  answering(app, THOUGHT + CALLS, STOP);
  const { json, headers } = await app.post(PATH, { ...body, tools: TOOLS, stream: false });
  t.equal(headers.get('content-type'), 'application/json');
  const { message, done, done_reason: reason } = json as Line;
  t.match(message, { role: 'assistant', content: 'Ok.', thinking: 'Hm.' });
  t.strictSame(
    message?.tool_calls?.map((call) => call.function),
    [
      { index: 0, name: 'get_weather', arguments: { city: 'Rome' } },
      { index: 1, name: 'now', arguments: {} },
    ],
  );
  t.strictSame([done, reason], [true, 'stop']);
});

t.test('a stream adds up to the same, each call in one line', async (t) => {
  const app = await ollamaApp(t);
  answering(app, THOUGHT + CALLS, STOP);
  const lines = linesOf((await app.post(PATH, { ...body, tools: TOOLS })).text);
  const messages = lines.flatMap(({ message }) => message ?? []);
  t.equal(messages.map(({ content }) => content).join(''), 'Ok.');
  t.equal(messages.map(({ thinking }) => thinking ?? '').join(''), 'Hm.');
  const calls = messages.flatMap(({ tool_calls: list }) => (list === undefined ? [] : [list]));
  t.strictSame(
    calls.map((list) => list.map((call) => call.function.arguments)),
    [[{ city: 'Rome' }], [{}]],
  );
  t.notOk(lines.at(-1)?.message?.tool_calls);
});

t.test('an answer that its length ends, and a call that it cuts off', async (t) => {
  const app = await ollamaApp(t);
  answering(app, CALLS.slice(0, -60), LENGTH);
  const { json } = await app.post(PATH, { ...body, tools: TOOLS, stream: false });
  t.match(json, { done_reason: 'length', message: { content: 'Ok.' } });
  t.notOk((json as Line).message?.tool_calls, 'half a call is none');
  answering(app, CALLS.slice(0, -20), LENGTH);
  const second = await app.post(PATH, { ...body, tools: TOOLS, stream: false });
  t.equal((second.json as Line).message?.tool_calls?.length, 1);
});

t.test('thoughts as the request and the template have it', async (t) => {
  const app = await ollamaApp(t);
  const seen = answering(app, `${THOUGHT}Yes.`, STOP);
  const ask = async (think: unknown): Promise<unknown[]> => {
    const { json } = await app.post(PATH, { ...body, think, stream: false });
    const { content, thinking } = (json as Line).message ?? {};
    return [promptOf(seen.at(-1)), content, thinking];
  };
  t.strictSame(await ask(null), ['<s>[user:hi]>', 'Yes.', 'Hm.'], 'the model decides');
  t.strictSame(await ask(true), ['<s>[user:hi]/True>', 'Yes.', 'Hm.']);
  t.strictSame(await ask(false), ['<s>[user:hi]/False>', 'Yes.', undefined]);
  t.strictSame(await ask('low'), ['<s>[user:hi]/True/low>', 'Yes.', 'Hm.']);
});

t.test('a model that neither thinks nor calls', async (t) => {
  const app = await ollamaApp(t, { parsers: NO_PARSERS });
  answering(app, 'Yes.', STOP);
  for (const think of [true, 'low']) {
    const { status, json } = await app.post(PATH, { ...body, think });
    t.strictSame([status, json], [400, { error: '"tiny" does not support thinking' }]);
  }
  t.equal((await app.post(PATH, { ...body, think: false })).status, 200);
  const bare = await ollamaApp(t, { chatTemplate: null, parsers: NO_PARSERS });
  const { status, json } = await bare.post(PATH, { ...body, tools: TOOLS });
  t.strictSame([status, json], [400, { error: '"tiny" does not support tools' }]);
  t.match((await bare.post(PATH, { ...body, tools: [] })).json, { error: /no chat template/ });
});

t.test(
  'results find their calls without ids, and the last text of the assistant goes on',
  async (t) => {
    const app = await ollamaApp(t);
    const seen = answering(app, 'x', STOP);
    const call = (name: string) => ({
      function: { name, arguments: { b: 1, a: 12345678901234567890n } },
    });
    const text = JSON.stringify(
      {
        ...body,
        messages: [
          user,
          { role: 'assistant', content: null, thinking: 'Hm.', tool_calls: [call('f'), call('g')] },
          { role: 'tool', content: '2', tool_name: 'g' },
          { role: 'tool', content: '1' },
          { role: 'assistant', content: 'So' },
        ],
      },
      (_, value: unknown) => (typeof value === 'bigint' ? `@${value}@` : value),
    ).replaceAll(/"@(\d+)@"/g, '$1');
    t.equal((await app.post(PATH, text)).status, 200);
    const called = '{"b": 1, "a": 12345678901234567890}';
    t.equal(
      promptOf(seen[0]),
      `<s>[user:hi][assistant:!call00000=f${called}!call00001=g${called}~Hm.]` +
        '[tool:2?call00001=g][tool:1?call00000=f]>So',
    );
  },
);

t.test('log-probabilities stand beside the parts', async (t) => {
  const app = await ollamaApp(t);
  answering(app, 'Hi', STOP);
  const asked = { ...body, logprobs: true, top_logprobs: 2 };
  const lines = linesOf((await app.post(PATH, asked)).text);
  const rows = lines.flatMap(({ logprobs }) => logprobs ?? []);
  t.strictSame(rows[0], {
    token: 'H',
    bytes: [72],
    logprob: -0.5,
    top_logprobs: [
      { token: 'H', bytes: [72], logprob: -0.5 },
      { token: 'x', bytes: [120], logprob: -2 },
    ],
  });
  t.equal(rows.length, 2);
  const whole = (await app.post(PATH, { ...asked, stream: false })).json as Line;
  t.strictSame(whole.logprobs, rows);
  t.notOk(
    linesOf((await app.post(PATH, { ...body, top_logprobs: 2 })).text).some(
      (line) => line.logprobs,
    ),
  );
});

t.test('without messages it is loaded, or would be unloaded', async (t) => {
  const app = await ollamaApp(t);
  const ask = async (more: object) => (await app.post(PATH, { model: 'm', ...more })).json as Line;
  t.match(await ask({}), {
    model: 'm',
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'load',
  });
  t.equal((await ask({ messages: [], keep_alive: '5m' })).done_reason, 'load');
  t.equal((await ask({ keep_alive: 0 })).done_reason, 'unload');
  t.equal((await ask({ keep_alive: '0s' })).done_reason, 'unload');
  t.equal(app.scheduler.received.length, 0);
});

t.test(
  'what fails before the first token is a status, what fails later the last line',
  async (t) => {
    const app = await ollamaApp(t);
    const failure = failureReason('NO_DEVICE', 'The device is gone.');
    answering(app, '', failure);
    const { status, json, headers } = await app.post(PATH, body);
    t.strictSame([status, json], [503, { error: 'The device is gone.' }]);
    t.equal(headers.get('retry-after'), '1');
    answering(app, 'Hel', failure);
    const late = await app.post(PATH, body);
    t.equal(late.status, 200);
    t.strictSame(linesOf(late.text).at(-1), { error: 'The device is gone.' } as unknown as Line);
    t.equal((await app.post(PATH, { ...body, stream: false })).status, 503);
  },
);
