import t from 'tap';

import { BOS, idsOf } from '../tiny-tokenizer.js';
import { answering, framesOf, openAiApp } from './openai-app.js';

const PATH = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'hi' }];
const promptOf = (text: string): number[] => [BOS, ...idsOf(text)];

t.test('a whole answer has exactly these keys', async (t) => {
  const app = await openAiApp(t);
  const seen = answering(app, 'abc', { type: 'stop', matched: 'd' });
  const { status, json } = await app.post(PATH, { model: 'any', messages, rid: 'r1' });
  t.equal(status, 200);
  const { created, ...rest } = json as { created: number };
  t.ok(Math.abs(created - Date.now() / 1000) < 60);
  t.strictSame(rest, {
    id: 'r1',
    object: 'chat.completion',
    model: 'any',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'abc', reasoning_content: null, tool_calls: null },
        logprobs: null,
        finish_reason: 'stop',
        matched_stop: 'd',
      },
    ],
    usage: {
      prompt_tokens: 11,
      total_tokens: 14,
      completion_tokens: 3,
      prompt_tokens_details: null,
      reasoning_tokens: 0,
    },
    metadata: { weight_version: 'default' },
  });
  t.strictSame([...(seen[0]?.inputIds ?? [])], promptOf('[user:hi]>'), 'one BOS, not two');
  t.equal(seen[0]?.sampling.maxNewTokens, 189, 'no limit = until the context ends');
});

t.test('prompts', async (t) => {
  const app = await openAiApp(t);
  const seen = answering(app, 'abc');
  const prompts: [string, object, string][] = [
    ['parts', { messages: [{ role: 'user', content: parts('a', 'b') }] }, '[user:a b]>'],
    [
      'roles in any case, null content',
      { messages: [{ role: 'System', content: null }, ...messages] },
      '[system:][user:hi]>',
    ],
    [
      'a final message of the assistant counts as the user’s',
      { messages: [...messages, { role: 'assistant', content: 'So' }] },
      '[user:hi][user:So]>',
    ],
    [
      'unless it is continued',
      {
        messages: [...messages, { role: 'assistant', content: 'So' }],
        continue_final_message: true,
      },
      '[user:hi]>So',
    ],
    ['variables', { messages, chat_template_kwargs: { style: '~' } }, '~[user:hi]>'],
  ];
  for (const [name, body, prompt] of prompts) {
    const { status, text } = await app.post(PATH, body);
    t.equal(status, 200, `${name}: ${text}`);
    t.strictSame([...(seen.pop()?.inputIds ?? [])], promptOf(prompt), name);
  }
  await app.post(PATH, { input_ids: [1, 2, 3] });
  t.strictSame([...(seen.pop()?.inputIds ?? [])], [1, 2, 3], 'ids need no template');
});

function parts(...texts: string[]): unknown[] {
  return texts.map((text) => ({ type: 'text', text }));
}

t.test('sampling: the request, then the model, then nothing', async (t) => {
  const defaults = { temperature: 0.5, topP: 0.9, topK: 7, minP: 0.1, repetitionPenalty: 1.5 };
  const own = await openAiApp(t, {}, defaults);
  const seen = answering(own, 'abc');
  await own.post(PATH, { messages, top_k: 3, seed: 11, max_tokens: 4, max_completion_tokens: 5 });
  t.match(seen[0]?.sampling, { temperature: 0.5, topP: 0.9, topK: 3, minP: 0.1, seed: 11 });
  t.match(seen[0]?.sampling, { repetitionPenalty: 1.5, maxNewTokens: 5 });
  const preferred = { temperature: 0.7, top_k: 9, min_new_tokens: 1 };
  const tuned = await openAiApp(t, { preferredSamplingParams: preferred }, defaults);
  const under = answering(tuned, 'abc');
  await tuned.post(PATH, { messages, top_k: 3 });
  t.match(under[0]?.sampling, { temperature: 0.7, topK: 3, topP: 0.9, minNewTokens: 1 });
  const openai = await openAiApp(t, { samplingDefaults: 'openai' }, defaults);
  const plain = answering(openai, 'abc');
  await openai.post(PATH, { messages, min_tokens: 2, logit_bias: { 5: 1.5 }, stop: ['zz'] });
  t.match(plain[0]?.sampling, { temperature: 1, topP: 1, topK: 1 << 30, minP: 0 });
  t.match(plain[0]?.sampling, { repetitionPenalty: 1, minNewTokens: 2, logitBias: [[5, 1.5]] });
});

t.test('samples, log-probabilities and usage', async (t) => {
  const app = await openAiApp(t, { enableCacheReport: true });
  answering(app, 'aé');
  const { json } = await app.post(PATH, { messages, n: 2, logprobs: true, top_logprobs: 2 });
  const { choices, usage } = json as { choices: Record<string, unknown>[]; usage: unknown };
  t.strictSame(
    choices.map(({ index }) => index),
    [0, 1],
  );
  const { content } = choices[1]?.['logprobs'] as { content: unknown[] };
  t.equal(content.length, 3);
  const token = { token: 'a', bytes: [97], logprob: -0.5 };
  const top = [token, { token: 'x', bytes: [120], logprob: -2 }];
  t.strictSame(content[0], { ...token, top_logprobs: top });
  t.strictSame(usage, {
    prompt_tokens: 11,
    total_tokens: 17,
    completion_tokens: 6,
    ...{ prompt_tokens_details: { cached_tokens: 2 }, reasoning_tokens: 0 },
  });
});

t.test('a stream: role, deltas, one ending per sample, usage', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'ab');
  const body = { messages, n: 2, stream: true, stream_options: { include_usage: true } };
  const { headers, text } = await app.post(PATH, body);
  t.equal(headers.get('content-type'), 'text/event-stream; charset=utf-8');
  const frames = framesOf(text);
  const usage = { prompt_tokens: 11, total_tokens: 15, completion_tokens: 4, reasoning_tokens: 0 };
  const last = frames.pop();
  t.strictSame(last?.choices, []);
  t.strictSame(last?.usage, usage);
  t.ok(frames.every(({ id }) => id === last?.id));
  t.ok(frames.every(({ object, usage }) => object === 'chat.completion.chunk' && usage === null));
  const same = { logprobs: null, finish_reason: null, matched_stop: null };
  const none = { reasoning_content: null };
  for (const index of [0, 1]) {
    const choices = frames
      .flatMap((frame) => frame.choices)
      .filter((one) => one['index'] === index);
    t.strictSame(choices, [
      { index, delta: { ...none, role: 'assistant', content: '' }, ...same },
      { index, delta: { ...none, content: 'a' }, ...same },
      { index, delta: { ...none, content: 'b' }, ...same },
      { index, delta: none, ...same, finish_reason: 'length' },
    ]);
  }
});

t.test(
  'streamed log-probabilities are those of the new tokens; usage on every chunk',
  async (t) => {
    const app = await openAiApp(t);
    answering(app, 'ab');
    const options = { stream: true, stream_options: { continuous_usage_stats: true } };
    const { text } = await app.post(PATH, { messages, logprobs: true, ...options });
    const frames = framesOf(text);
    const tokens = frames.map(({ choices }) => {
      const logprobs = choices[0]?.['logprobs'] as { content: { token: string }[] } | null;
      return logprobs?.content.map(({ token }) => token).join('') ?? null;
    });
    t.strictSame(tokens, [null, 'a', 'b', null]);
    const counts = frames.map(
      ({ usage }) => (usage as { completion_tokens: number }).completion_tokens,
    );
    t.strictSame(counts, [1, 1, 2, 2]);
  },
);

t.test('--stream-response-default-include-usage', async (t) => {
  const app = await openAiApp(t, { streamResponseDefaultIncludeUsage: true });
  answering(app, 'ab');
  const usageOf = async (body: object): Promise<unknown> =>
    framesOf((await app.post(PATH, { messages, stream: true, ...body })).text).at(-1)?.usage;
  t.match(await usageOf({}), { completion_tokens: 2 });
  t.equal(await usageOf({ stream_options: { include_usage: false } }), undefined);
});

t.test('an aborted request is an answer', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'ab', { type: 'abort', message: 'Aborted', code: null });
  const { status, json } = await app.post(PATH, { messages });
  t.equal(status, 200);
  t.match(json, { choices: [{ finish_reason: 'abort', matched_stop: null }] });
});
