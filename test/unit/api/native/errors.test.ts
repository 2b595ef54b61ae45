import t, { type Test } from 'tap';

import { startApp, type TestApp } from '../test-app.js';
import { VOCAB_SIZE } from '../tiny-tokenizer.js';

const LAST = VOCAB_SIZE - 1;

/** Body → the message of a 400 in the native shape. */
const NATIVE: [string, unknown, string | RegExp][] = [
  ['no input', {}, 'Either text, input_ids or input_embeds should be provided.'],
  ['all nulls', { text: null }, 'Either text, input_ids or input_embeds should be provided.'],
  [
    'all three inputs',
    { text: 'a', input_ids: [1], input_embeds: [[1]] },
    'Either text, input_ids or input_embeds should be provided.',
  ],
  ['empty input_ids', { input_ids: [] }, 'input_ids cannot be empty.'],
  ['an empty one in a batch', { input_ids: [[1], []] }, 'input_ids cannot be empty.'],
  ['empty text', { text: '' }, 'text cannot be empty.'],
  ['an empty batch', { text: [] }, 'text cannot be empty.'],
  ['a text that is none', { text: 5 }, 'Text should be a list for batch processing.'],
  ['mixed texts', { text: ['a', 5] }, 'Text should be a list for batch processing.'],
  [
    'mixed ids',
    { input_ids: [[1], 2] },
    'input_ids should be a list of lists for batch processing.',
  ],
  ['ids with a fraction', { input_ids: [1.5] }, 'input_ids must contain only integers.'],
  [
    'an id outside the vocabulary',
    { input_ids: [1, VOCAB_SIZE] },
    `input_ids contains out-of-vocabulary token id ${VOCAB_SIZE}; valid range is [0, ${VOCAB_SIZE}).`,
  ],
  ['a negative id', { input_ids: [-1] }, /out-of-vocabulary token id -1/],
  ['embeds with the cache on', { input_embeds: [[1]] }, /^input_embeds is provided while disable/],
  [
    'rid of a wrong type',
    { text: 'a', rid: 5 },
    'The rid should be a string or a list of strings.',
  ],
  [
    'too few rids',
    { text: ['a', 'b'], rid: ['x'] },
    'The specified rids length mismatch with the batch_size for batch processing.',
  ],
  [
    'rids twice',
    { text: ['a', 'b'], rid: ['x', 'x'] },
    "Duplicate request IDs detected within the request: ['x']",
  ],
  [
    'different n',
    { text: ['a', 'b'], sampling_params: [{ n: 1 }, { n: 2 }] },
    'The parallel_sample_num should be the same for all samples in sample params.',
  ],
  [
    'a list with n > 1',
    { text: ['a', 'b'], return_logprob: [true, false], sampling_params: { n: 2 } },
    'Cannot use list return_logprob with parallel_sample_num > 1',
  ],
  [
    'too few sampling_params',
    { text: ['a', 'b'], sampling_params: [{}] },
    'The length of sampling_params should be equal to the batch size.',
  ],
  ['n of a million', { text: 'a', sampling_params: { n: 1e6 } }, /^n must be at most/],
  ['a huge batch times n', { text: Array(4097).fill('a') }, /at most 4096 samples/],
  [
    'LoRA',
    { text: 'a', lora_path: 'x' },
    /^LoRA adapter 'x' was requested, but LoRA is not enabled/,
  ],
  ['LoRA of a wrong type', { text: 'a', lora_path: 5 }, 'lora_path should be a list or a string.'],
  ['images', { text: 'a', image_data: 'x' }, /^image_data was given/],
  ['a session', { text: 'a', session_params: { id: 's' } }, /session id s does not exist/],
  ['hidden states', { text: 'a', return_hidden_states: true }, /^The server is not configured/],
  ['flat log-probabilities', { text: 'a', return_flat_raw_top_logprobs: true }, /not supported/],
  [
    'a budget for thinking',
    { text: 'a', max_thinking_tokens: 5 },
    /requires a model with thoughts/,
  ],
  ['a custom processor', { text: 'a', custom_logit_processor: 'x' }, /custom logit processor/],
  [
    'token_ids_logprob nested for one prompt',
    { text: 'a', token_ids_logprob: [[1]] },
    'token_ids_logprob must be a flat list of integers.',
  ],
  [
    'token_ids_logprob outside the vocabulary',
    { text: 'a', token_ids_logprob: [1, -1, 2] },
    `token_ids_logprob contains out-of-vocabulary token id -1; valid range is [0, ${VOCAB_SIZE}).`,
  ],
  [
    'logprob_start_len too big',
    { text: 'abcde', return_logprob: true, logprob_start_len: 7 },
    'req.logprob_start_len=7 is higher than the number of input tokens len(req.origin_input_ids)=5. Please use a smaller logprob_start_len.',
  ],
  [
    'a prompt beyond the context',
    { text: 'a'.repeat(200) },
    "The input (200 tokens) is longer than the model's context length (200 tokens).",
  ],
  [
    'prompt and answer beyond the context',
    { text: 'a'.repeat(150), sampling_params: { max_new_tokens: 51 } },
    "Requested token count exceeds the model's maximum context length of 200 tokens. You requested a total of 201 tokens: 150 tokens from the input messages and 51 tokens for the completion. Please reduce the number of tokens in the input messages or the completion to fit within the limit.",
  ],
  [
    'a prompt without room',
    { text: 'a'.repeat(195) },
    'Input length (195 tokens) exceeds the maximum allowed length (194 tokens). Use a shorter input or enable --allow-auto-truncate.',
  ],
  ['one bad prompt of a batch', { text: ['a', 'a'.repeat(300)] }, /^The input \(300 tokens\)/],
];

/** sampling_params → message. */
const SAMPLING: [unknown, string | RegExp][] = [
  [{ max_new_tokens: -1 }, 'max_new_tokens must be at least 0, got -1.'],
  [{ max_new_tokens: 1.5 }, /^max_new_tokens must be an integer, got 1\.5/],
  [{ max_new_tokens: '5' }, /^max_new_tokens must be an integer, got "5"/],
  [{ max_new_tokens: 2 ** 53 + 2 }, /^max_new_tokens must be an integer/],
  [{ min_new_tokens: -1 }, 'min_new_tokens must be in [0, max_new_tokens], got -1.'],
  [
    { min_new_tokens: 9, max_new_tokens: 8 },
    'min_new_tokens must be in [0, max_new_tokens(8)], got 9.',
  ],
  [{ temperature: -1 }, 'temperature must be a non-negative finite number, got -1.'],
  [{ top_p: 0 }, 'top_p must be in (0, 1], got 0.'],
  [{ top_p: 1.1 }, 'top_p must be in (0, 1], got 1.1.'],
  [{ top_k: 0 }, 'top_k must be -1 (disable) or at least 1, got 0.'],
  [{ top_k: -2 }, 'top_k must be -1 (disable) or at least 1, got -2.'],
  [{ min_p: 1.1 }, 'min_p must be in [0, 1], got 1.1.'],
  [{ frequency_penalty: 2.1 }, 'frequency_penalty must be in [-2, 2], got 2.1.'],
  [{ presence_penalty: -1e308 }, 'presence_penalty must be in [-2, 2], got -1e+308.'],
  [{ repetition_penalty: 0 }, 'repetition_penalty must be in (0, 2] (1.0 = no penalty), got 0.'],
  [{ n: 0 }, 'n must be at least 1, got 0.'],
  [{ logit_bias: { [LAST + 1]: 1 } }, `logit_bias must has keys in [0, ${LAST}], got ${LAST + 1}.`],
  [{ logit_bias: { 1: 1e308 } }, 'logit_bias must have values in [-1e+30, 1e+30], got 1e+308.'],
  [{ logit_bias: { 1: -2e30 } }, 'logit_bias must have values in [-1e+30, 1e+30], got -2e+30.'],
  [{ logit_bias: { x: 1 } }, `logit_bias must has keys in [0, ${LAST}], got x.`],
  [{ logit_bias: { 1: 'x' } }, /^logit_bias must have finite numbers/],
  [{ stop: 5 }, /^stop must be a string or a list of strings/],
  [
    { stop_regex: 'foo**' },
    "stop_regex 'foo**' is not a valid regular expression: multiple repeat at position 5.",
  ],
  [
    { stop_regex: '\\N{GREEK SMALL LETTER ALPHA}' },
    /\\N\{GREEK SMALL LETTER ALPHA\} is no name of .*write \\uXXXX/,
  ],
  [{ stop_token_ids: ['x'] }, /^stop_token_ids must be a list of integers/],
  [{ regex: 'a', ebnf: 'b' }, 'Only one of regex, json_schema, or ebnf can be set.'],
  [{ ebnf: "b's" }, `Invalid grammar request: req.grammar_key=('ebnf', "b's"): it is bad`],
  [{ structural_tag: '{}' }, 'structural_tag: structures must be a list of objects.'],
  [{ structural_tag: '{' }, /^structural_tag is not valid JSON/],
  [{ structural_tag: '{"format":{"type":"any_text"}}' }, /the format "any_text" is not supported/],
  [{ temprature: 1 }, "sampling_params has an unknown key 'temprature'."],
  [{ sampling_seed: 0.5 }, /^sampling_seed must be an integer/],
  [JSON.parse('{"__proto__": {"n": 5}}'), "sampling_params has an unknown key '__proto__'."],
];

/** What FastAPI's validation refuses: SGLang's flat shape. */
const VALIDATION: [string, string][] = [
  ['no JSON', '{'],
  ['a list', '[]'],
  ['an empty body', ''],
  ['NaN', '{"text":"a","sampling_params":{"temperature":NaN}}'],
  ['3,000 levels', `${'['.repeat(3000)}${']'.repeat(3000)}`],
  ['stream as a word', '{"text":"a","stream":"maybe"}'],
  ['stream as a number', '{"text":"a","stream":2}'],
  ['sampling_params as a string', '{"text":"a","sampling_params":"x"}'],
  ['top_logprobs_num as a string', '{"text":"a","top_logprobs_num":"x"}'],
  ['input_ids as a string', '{"input_ids":"x"}'],
];

t.test('bad requests', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });

  for (const [name, body, message] of NATIVE) {
    t.test(`400 in the native shape: ${name}`, (t) => expectNative(t, app, body, message));
  }

  for (const [params, message] of SAMPLING) {
    t.test(`sampling_params ${JSON.stringify(params)}`, (t) =>
      expectNative(t, app, { text: 'a', sampling_params: params }, message),
    );
  }

  for (const [name, body] of VALIDATION) {
    t.test(`400 in the flat shape: ${name}`, async (t) => {
      const { status, json } = await app.post('/generate', body);
      t.equal(status, 400);
      t.match(json, { object: 'error', message: /./, type: 'Bad Request', param: null, code: 400 });
    });
  }

  t.test('a number beyond all bounds is no number', async (t) => {
    const body = '{"text":"a","sampling_params":{"temperature":1e999}}';
    const { status, json } = await app.post('/generate', body);
    t.equal(status, 400);
    t.match(json, {
      error: { message: 'temperature must be a non-negative finite number, got Infinity.' },
    });
  });

  t.test('none of them reached the scheduler', (t) => {
    t.strictSame(app.scheduler.received, []);
    t.end();
  });

  t.test('a stream has sent its 200 by then: the error is an event', async (t) => {
    const { status, headers, text } = await app.post('/generate', { stream: true });
    t.equal(status, 200);
    t.match(headers.get('content-type'), /^text\/event-stream/);
    t.equal(
      text,
      'data: {"error":{"message":"Either text, input_ids or input_embeds should be provided."}}\n\ndata: [DONE]\n\n',
    );
  });
});

async function expectNative(
  t: Test,
  app: TestApp,
  body: unknown,
  message: string | RegExp,
): Promise<void> {
  const { status, json } = await app.post('/generate', body);
  t.equal(status, 400);
  t.strictSame(Object.keys(json as object), ['error']);
  const { error } = json as { error: { message: string } };
  if (typeof message === 'string') t.equal(error.message, message);
  else t.match(error.message, message);
}

t.test('explicit nulls are defaults', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  app.scheduler.onAccepted = (req) => {
    setImmediate(() => {
      app.scheduler.run(req, [97], { type: 'length', length: 1 });
    });
  };
  const nulls = (names: string[]): Record<string, null> =>
    Object.fromEntries(names.map((name) => [name, null]));
  const { status } = await app.post('/generate', {
    text: 'a',
    model: 'ignored',
    ...nulls(['input_ids', 'rid', 'stream', 'return_logprob', 'logprob_start_len', 'lora_path']),
    ...nulls(['top_logprobs_num', 'token_ids_logprob', 'image_data', 'session_params', 'priority']),
    ...nulls(['extra_key', 'cache_salt', 'return_hidden_states', 'custom_logit_processor']),
    sampling_params: nulls([
      'max_new_tokens',
      'min_new_tokens',
      'temperature',
      'top_p',
      'top_k',
      'min_p',
      'n',
      'frequency_penalty',
      'presence_penalty',
      'repetition_penalty',
      'stop',
      'stop_regex',
      'stop_token_ids',
      'no_stop_trim',
      'ignore_eos',
      'skip_special_tokens',
      'logit_bias',
      'json_schema',
      'regex',
      'ebnf',
      'structural_tag',
      'sampling_seed',
      'custom_params',
    ]),
  });
  t.equal(status, 200);
  const submit = app.scheduler.received.find((message) => message.kind === 'submit');
  t.match(submit?.reqs[0]?.sampling, { temperature: 1, topP: 1, topK: 1 << 30, maxNewTokens: 199 });
});
