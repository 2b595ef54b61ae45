import t from 'tap';

import { BOS, EOS, idsOf } from '../tiny-tokenizer.js';
import { answering, framesOf, LENGTH, openAiApp, row } from './openai-app.js';

const PATH = '/v1/completions';

interface Answer {
  readonly choices: readonly Readonly<Record<string, unknown>>[];
  readonly usage: unknown;
}

t.test('a whole answer has exactly these keys', async (t) => {
  const app = await openAiApp(t);
  const seen = answering(app, 'abc', { type: 'stop', matched: EOS });
  const { json } = await app.post(PATH, { prompt: 'hi' });
  const { created, id, ...rest } = json as { created: number; id: string };
  t.match(id, /^[0-9a-f]{32}$/);
  t.type(created, 'number');
  t.strictSame(rest, {
    object: 'text_completion',
    model: 'default',
    choices: [{ index: 0, text: 'abc', logprobs: null, finish_reason: 'stop', matched_stop: EOS }],
    usage: {
      prompt_tokens: 3,
      total_tokens: 6,
      completion_tokens: 3,
      prompt_tokens_details: null,
      reasoning_tokens: 0,
    },
    metadata: { weight_version: 'default' },
  });
  t.equal(seen[0]?.sampling.maxNewTokens, 16);
});

t.test('prompts in four shapes, samples prompt by prompt, echo before each', async (t) => {
  const app = await openAiApp(t);
  const seen = answering(app, '!');
  const texts = async (prompt: unknown, more: object = {}): Promise<unknown[]> => {
    const { json } = await app.post(PATH, { prompt, echo: true, ...more });
    return (json as Answer).choices.map(({ text }) => text);
  };
  t.strictSame(await texts('ab'), ['ab!']);
  t.strictSame(await texts(['ab', 'cd'], { n: 2 }), ['ab!', 'ab!', 'cd!', 'cd!']);
  seen.length = 0;
  t.strictSame(await texts(idsOf('ab')), ['ab!']);
  t.strictSame([...(seen[0]?.inputIds ?? [])], idsOf('ab'), 'ids are taken as they are');
  t.strictSame(await texts([idsOf('ab'), idsOf('c')]), ['ab!', 'c!']);
});

t.test('usage counts each prompt once', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'ab');
  const { json } = await app.post(PATH, { prompt: ['ab', 'c'], n: 3 });
  t.match((json as Answer).usage, { prompt_tokens: 5, completion_tokens: 12, total_tokens: 17 });
});

t.test('log-probabilities in four lists', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'ax');
  const logprobs = async (body: object): Promise<unknown> => {
    const { json } = await app.post(PATH, { prompt: 'h', ...body });
    return (json as Answer).choices[0]?.['logprobs'];
  };
  t.strictSame(await logprobs({ logprobs: 2 }), {
    text_offset: [-1, -1],
    token_logprobs: [-0.5, -0.5],
    tokens: ['a', 'x'],
    top_logprobs: [{ a: -0.5, x: -2 }, { x: -0.5 }],
  });
  t.match(await logprobs({ logprobs: 0 }), { tokens: ['a', 'x'], top_logprobs: [] });
  t.equal(await logprobs({}), null);
});

t.test('with echo they start with the prompt, whose first token has none', async (t) => {
  const app = await openAiApp(t);
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.step([[req.num, 97]], [row(req, 'prompt', 1, 104), row(req, 'output', 0, 97)]);
      app.scheduler.finish(req.num, LENGTH);
    });
  };
  const expected = {
    text_offset: [-1, -1, -1],
    token_logprobs: [null, -0.5, -0.5],
    tokens: ['<s>', 'h', 'a'],
    top_logprobs: [null, { h: -0.5 }, { a: -0.5 }],
  };
  const body = { prompt: 'h', echo: true, logprobs: 1 };
  const { json } = await app.post(PATH, body);
  t.strictSame((json as Answer).choices[0]?.['logprobs'], expected);
  const frames = framesOf((await app.post(PATH, { ...body, stream: true })).text);
  t.strictSame(frames[0]?.choices[0]?.['logprobs'], expected);
  t.equal(frames[0]?.choices[0]?.['text'], 'ha');
});

t.test('a stream: the chunk that ends a sample brings its last text', async (t) => {
  const app = await openAiApp(t);
  // The beginning of a stop string is held back until the end shows that it is none.
  answering(app, 'ab');
  const { text } = await app.post(PATH, { prompt: ['h', 'i'], stream: true, stop: 'bc' });
  const frames = framesOf(text);
  t.ok(frames.every((frame) => !('usage' in frame) && frame.object === 'text_completion'));
  for (const index of [0, 1]) {
    const choices = frames
      .flatMap((frame) => frame.choices)
      .filter((one) => one['index'] === index);
    t.strictSame(choices, [
      { index, text: 'a', logprobs: null, finish_reason: null, matched_stop: null },
      { index, text: 'b', logprobs: null, finish_reason: 'length', matched_stop: null },
    ]);
  }
});

t.test('a suffix is shown as the model was trained, and echoed as it was sent', async (t) => {
  const app = await openAiApp(t, { completionTemplate: 'star_coder' });
  const seen = answering(app, '!');
  const { json } = await app.post(PATH, { prompt: ['a', 'b'], suffix: 'z', echo: true });
  t.strictSame(
    (json as Answer).choices.map(({ text }) => text),
    ['a!', 'b!'],
  );
  t.strictSame(
    seen.map(({ inputIds }) => Buffer.from(inputIds.slice(1)).toString()),
    ['<fim_prefix>a<fim_suffix>z<fim_middle>', '<fim_prefix>b<fim_suffix>z<fim_middle>'],
  );
  seen.length = 0;
  await app.post(PATH, { prompt: 'a', suffix: '' });
  t.strictSame([...(seen[0]?.inputIds ?? [])].slice(1), idsOf('a'), 'nothing to fill');
  const ids = await app.post(PATH, { prompt: [1, 2], suffix: 'z' });
  t.match(ids, { status: 400, json: { message: 'suffix needs a prompt that is text.' } });
});

t.test('ids, meta_info and cached tokens on request, whole', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'abc');
  const wishes = { return_token_ids: true, return_meta_info: true };
  const { json } = await app.post(PATH, {
    prompt: 'hi',
    ...wishes,
    return_cached_tokens_details: true,
  });
  t.match(json, {
    choices: [
      {
        text: 'abc',
        token_ids: idsOf('abc'),
        prompt_token_ids: [BOS, ...idsOf('hi')],
        meta_info: { prompt_tokens: 3, completion_tokens: 3, cached_tokens: 2 },
      },
    ],
    sglext: { cached_tokens_details: { device: 2, host: 0 } },
  });
  const { json: bare } = await app.post(PATH, { prompt: 'hi' });
  const keys = Object.keys((bare as Answer).choices[0] ?? {});
  t.strictSame(keys, ['index', 'text', 'logprobs', 'finish_reason', 'matched_stop']);
  t.notOk('sglext' in (bare as object));
});

t.test('a stream brings the prompt’s ids once and every id of the answer once', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'aé!');
  const body = { prompt: 'hi', stream: true, return_token_ids: true };
  const { text } = await app.post(PATH, { ...body, return_cached_tokens_details: true });
  const frames = framesOf(text) as (Answer & { sglext?: unknown })[];
  const choices = frames.flatMap((frame) => frame.choices);
  t.strictSame(
    choices.flatMap(({ token_ids: ids }) => ids as number[]),
    idsOf('aé!'),
  );
  t.strictSame(
    choices.map(({ prompt_token_ids: ids }) => ids).filter((ids) => ids !== undefined),
    [[BOS, ...idsOf('hi')]],
  );
  t.match(frames.at(-1), {
    choices: [],
    sglext: { cached_tokens_details: { device: 2, host: 0 } },
  });
  const refused = await app.post(PATH, { prompt: 'hi', stream: true, return_meta_info: true });
  t.equal(
    (refused.json as { message: string }).message,
    'return_meta_info is not supported with streaming. Please set stream=false when using return_meta_info=true.',
  );
});
