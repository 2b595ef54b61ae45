import t from 'tap';

import { failureReason } from '../../../../src/core/finish-reason.js';
import { startApp } from '../test-app.js';
import { answering, openAiApp } from './openai-app.js';

const CHAT = '/v1/chat/completions';
const TEXT = '/v1/completions';
const messages = [{ role: 'user', content: 'hi' }];
const FAILURE = failureReason('NO_DEVICE', 'The device is gone.');

/** Fields beside good messages, and the message of the 400. */
const CHAT_FIELDS: [object, string | RegExp, string?][] = [
  [{ messages: [] }, 'Messages cannot be empty.'],
  [{ messages: 'hi' }, /must be a list/, 'Bad Request'],
  [
    { messages: [{ role: 'bot', content: '' }] },
    /^'role' must be one of 'system', /,
    'Bad Request',
  ],
  [{ messages: [{ role: 'USER', content: '' }] }, /^'role' must be one of/, 'Bad Request'],
  [{ messages: [{ content: '' }] }, "'role' must be a string", 'Bad Request'],
  [{ messages: [{ role: 'user', content: null }] }, /content must be/, 'Bad Request'],
  [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, /^image_url was given/],
  [{ messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, /^input_audio was given/],
  [
    {
      messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{' } }] }],
    },
    'Assistant tool call function.arguments must be valid JSON.',
  ],
  [{ messages: [{ role: 'user', content: 'boom' }] }, 'No booms.'],
  [{ chat_template_kwargs: { messages: [] } }, "chat_template_kwargs may not set 'messages'."],
  [{ tools: [{ type: 'function' }] }, /^Each tool must be an object with a fun/, 'Bad Request'],
  [{ tool_choice: 'required' }, 'Tools cannot be empty if tool choice is set to required.'],
  [
    { tool_choice: { type: 'function', function: { name: 'f' } } },
    'Tools cannot be empty if tool choice is set to a specific tool.',
  ],
  [{ response_format: { type: 'json_schema' } }, /^schema_ is required for json_schema/],
  [{ response_format: { type: 'xml' } }, /^response_format.type must be/, 'Bad Request'],
  [{ response_format: 'json_object' }, /^response_format must be an object/, 'Bad Request'],
  [{ regex: 'a+', ebnf: 'a' }, /^Only one of regex, json_schema, or ebnf can be set/],
  [{ ebnf: 'a' }, /^Invalid grammar request: req.grammar_key=\('ebnf', 'a'\): it is bad/],
  [{ reasoning_effort: 'much' }, /^reasoning_effort must be 'none', /, 'Bad Request'],
  [{ reasoning: { effort: 2 } }, /^reasoning_effort must be 'none', /, 'Bad Request'],
  [{ model: 'base:adapter' }, /^LoRA adapter 'adapter' was requested/],
  [{ session_params: { id: 's' } }, /^Invalid request: session id s does not exist/],
  [{ lora_path: 'x' }, /^LoRA adapter 'x' was requested/],
  [{ n: 1_000_000 }, /^n must be at most 256/],
  [{ best_of: 1_000_000 }, /^best_of must be in/],
  [{ temperature: -1 }, 'temperature must be a non-negative finite number, got -1.'],
  [{ temperature: 'hot' }, /^temperature must be a number/, 'Bad Request'],
  [{ max_tokens: 'many' }, /^max_tokens must be an integer/, 'Bad Request'],
  [{ max_tokens: 1000 }, /^Requested token count exceeds/],
  [{ top_logprobs: 1000, logprobs: true }, /^top_logprobs_num must be in/],
  [{ stream_options: 1 }, /^stream_options must be/, 'Bad Request'],
  [
    { messages: [{ role: 'user', content: 'x'.repeat(300) }] },
    /is longer than the model's context/,
  ],
];

t.test('a bad chat request is a flat 400, streamed or not', async (t) => {
  const app = await openAiApp(t);
  for (const [fields, message, type] of CHAT_FIELDS) {
    for (const stream of [false, true]) {
      const { status, json } = await app.post(CHAT, { messages, ...fields, stream });
      t.equal(status, 400);
      t.match(json, { object: 'error', type: type ?? 'BadRequestError', param: null, code: 400 });
      const got = (json as { message: string }).message;
      t.match(got, message, JSON.stringify(fields).slice(0, 60));
    }
  }
  t.equal(app.scheduler.received.length, 0, 'none was submitted');
});

t.test('OpenAI’s clients know by its word that a prompt is too long', async (t) => {
  const app = await openAiApp(t);
  const long = 'x'.repeat(300);
  const bodies: [string, object][] = [
    [CHAT, { messages: [{ role: 'user', content: long }] }],
    [CHAT, { messages, max_tokens: 1000, stream: true }],
    ['/v1/completions', { prompt: long }],
  ];
  for (const [path, body] of bodies) {
    const { status, json } = await app.post(path, body);
    t.equal(status, 400);
    const { message, code, error } = json as { message: string; code: number; error: object };
    t.equal(code, 400, 'SGLang’s stays as it is');
    const word = 'context_length_exceeded';
    t.match(error, { message: `${message} (${word})`, type: 'BadRequestError', code: word });
  }
});

t.test('what is harmless is accepted', async (t) => {
  const app = await openAiApp(t);
  answering(app, 'ab');
  const fields = {
    ...{ tools: [], tool_choice: 'auto', response_format: { type: 'text' }, user: 'me' },
    separate_reasoning: true,
    stream_reasoning: true,
    parallel_tool_calls: true,
    ...{ store: false, metadata: {}, regex: null, model: 'org/tiny', unknown: 1 },
  };
  const { status, text } = await app.post(CHAT, { messages, ...fields });
  t.equal(status, 200, text);
});

t.test('a bad completion is a flat 400', async (t) => {
  const app = await openAiApp(t);
  const bodies: [object, string | RegExp][] = [
    [{}, 'prompt is required.'],
    [{ prompt: '' }, 'Prompt cannot be empty'],
    [{ prompt: [] }, 'Prompt cannot be empty'],
    [{ prompt: 5 }, /^prompt must be a string/],
    [{ prompt: ['a', 5] }, /^prompt must be a string/],
    [{ prompt: [[1], 5] }, /^prompt must be a string/],
    [{ prompt: ['a', ''] }, 'text cannot be empty.'],
    [{ prompt: [1, 9999] }, /out-of-vocabulary token id 9999/],
    [{ prompt: 'a', max_tokens: 0 }, 'max_tokens must be positive'],
    [{ prompt: 'a', suffix: 'b' }, /^suffix was given, but this model does not fill in the middle/],
    [{ prompt: 'a', json_schema: '{}', regex: 'a' }, /^Only one of regex/],
  ];
  for (const [body, message] of bodies) {
    const { status, json } = await app.post(TEXT, body);
    t.equal(status, 400);
    t.match((json as { message: string }).message, message);
  }
});

t.test('only JSON', async (t) => {
  const app = await openAiApp(t);
  for (const path of [CHAT, TEXT]) {
    const plain = await app.post(path, { messages }, { 'content-type': 'text/plain' });
    t.equal(plain.status, 400);
    t.match(plain.json, { message: "Unsupported Media Type: Only 'application/json' is allowed" });
    t.match((await app.post(path, '{')).json, { object: 'error', type: 'Bad Request', code: 400 });
    t.equal((await fetch(app.url + path)).status, 405);
  }
});

t.test('--context-length makes a large limit an error of its own', async (t) => {
  const app = await openAiApp(t, { contextLength: 100 });
  const { json } = await app.post(CHAT, { messages, max_completion_tokens: 101 });
  t.equal(
    (json as { message: string }).message,
    'max_completion_tokens is too large: 101.This model supports at most 100 completion tokens.',
  );
});

t.test('without template or tokenizer', async (t) => {
  const bare = await startApp();
  t.teardown(() => {
    bare.app.close();
  });
  t.match((await bare.post(CHAT, { messages })).json, { message: /no chat template/, code: 400 });
  const mute = await openAiApp(t, { skipTokenizerInit: true });
  t.match((await mute.post(TEXT, { prompt: [1] })).json, { message: /--skip-tokenizer-init/ });
});

t.test('failures before the first token are HTTP errors, streamed or not', async (t) => {
  const app = await openAiApp(t);
  answering(app, '', FAILURE);
  for (const stream of [false, true]) {
    const { status, json, headers } = await app.post(CHAT, { messages, stream });
    t.equal(status, 503);
    t.equal(headers.get('retry-after'), '1');
    t.match(json, { object: 'error', message: 'The device is gone.', type: '503', code: 503 });
  }
  app.scheduler.failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
  const full = await app.post(CHAT, { messages, stream: true });
  t.equal(full.status, 503);
  t.match(full.json, { object: 'error', message: 'The request queue is full.', code: 503 });
});

t.test('a failure half-way is the last frame, and the other samples are aborted', async (t) => {
  const app = await openAiApp(t);
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.step([[req.num, 97]]);
      if (req.sampling.sampleIndex === 1) app.scheduler.finish(req.num, FAILURE);
    });
  };
  const { status, text } = await app.post(CHAT, { messages, stream: true, n: 2 });
  t.equal(status, 200);
  const frames = text.trimEnd().split('\n\n');
  t.equal(frames.pop(), 'data: [DONE]');
  t.strictSame(JSON.parse(frames.pop()?.slice(6) ?? ''), {
    error: {
      object: 'error',
      message: 'The device is gone.',
      type: 'SERVICE_UNAVAILABLE',
      param: null,
      code: 503,
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(app.scheduler.live.size, 0);
});

t.test('a client that leaves aborts its request, before and in the stream', async (t) => {
  const app = await openAiApp(t);
  for (const numTokens of [0, 1]) {
    const accepted = new Promise<void>((resolve) => {
      app.scheduler.onAccepted = (req) => {
        setImmediate(() => {
          if (numTokens > 0) app.scheduler.step([[req.num, 97]]);
          resolve();
        });
      };
    });
    const leave = new AbortController();
    const request = fetch(app.url + CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages, stream: true }),
      signal: leave.signal,
    }).catch(() => null);
    await accepted;
    if (numTokens > 0) await request;
    leave.abort();
    await request;
    for (let i = 0; i < 100 && app.scheduler.live.size > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    t.equal(app.scheduler.live.size, 0, `after ${numTokens} tokens`);
  }
});

t.test('what a chat’s stream cannot bring is refused in SGLang’s words', async (t) => {
  const app = await openAiApp(t);
  for (const [name, where] of [
    ['return_prompt_token_ids', ''],
    ['return_token_ids', ' on /v1/chat/completions'],
    ['return_meta_info', ''],
  ] as const) {
    const { status, json } = await app.post(CHAT, { messages, stream: true, [name]: true });
    t.equal(status, 400);
    t.equal(
      (json as { message: string }).message,
      `${name} is not supported with streaming${where}. Please set stream=false when using ${name}=true.`,
    );
  }
});
