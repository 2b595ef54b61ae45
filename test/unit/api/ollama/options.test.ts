import t from 'tap';

import type { ReqInput } from '../../../../src/messages.js';
import { answering } from '../openai/openai-app.js';
import { CONTEXT_LENGTH, type TestApp } from '../test-app.js';
import { ollamaApp, STOP } from './ollama-app.js';

const messages = [{ role: 'user', content: 'hi' }];

async function samplingOf(app: TestApp, options: string): Promise<ReqInput['sampling']> {
  const [req, ...others] = answering(app, 'x', STOP);
  if (req !== undefined || others.length > 0) throw new Error('too early');
  const seen = answering(app, 'x', STOP);
  const body = `{"model":"m","messages":${JSON.stringify(messages)},"options":${options}}`;
  const { status, text } = await app.post('/api/chat', body);
  const [first] = seen;
  if (first === undefined) throw new Error(`${status}: ${text}`);
  return first.sampling;
}

t.test('options as what they are here', async (t) => {
  const app = await ollamaApp(t);
  const cases: [string, object][] = [
    [
      '{"temperature":0.5,"top_p":0.25,"top_k":7,"min_p":0.125}',
      { temperature: 0.5, topP: 0.25, topK: 7, minP: 0.125 },
    ],
    ['{"temperature":0}', { topK: 1 }],
    ['{"top_k":0}', { topK: 1 << 30 }],
    ['{"top_k":-1}', { topK: 1 << 30 }],
    ['{"top_k":12.7}', { topK: 12 }],
    ['{"repeat_penalty":1.5}', { repetitionPenalty: 1.5 }],
    ['{"repeat_penalty":1.5,"repeat_last_n":-1}', { repetitionPenalty: 1.5 }],
    ['{"repeat_penalty":1.5,"repeat_last_n":64}', { repetitionPenalty: 1.5 }],
    ['{"repeat_penalty":1.5,"repeat_last_n":0}', { repetitionPenalty: 1 }],
    ['{"repeat_last_n":64,"penalize_newline":false}', { repetitionPenalty: 1 }],
    [
      '{"presence_penalty":0.5,"frequency_penalty":-0.5}',
      { presencePenalty: 0.5, frequencyPenalty: -0.5 },
    ],
    ['{"num_predict":5}', { maxNewTokens: 5 }],
    ['{"num_predict":100000}', { maxNewTokens: CONTEXT_LENGTH - 11 }],
    ['{"num_predict":-1}', { maxNewTokens: CONTEXT_LENGTH - 11 }],
    ['{"num_predict":-2}', { maxNewTokens: CONTEXT_LENGTH - 11 }],
    ['{}', { maxNewTokens: CONTEXT_LENGTH - 11 }],
    ['{"seed":4294967298}', { seed: 2, seedHigh: 1 }],
    ['{"seed":9007199254740993}', { seed: 1, seedHigh: 1 << 21 }],
    ['{"num_ctx":8192,"num_gpu":1,"use_mmap":true,"low_vram":false,"made_up":{}}', {}],
    ['{"typical_p":1.0,"tfs_z":1,"mirostat":0,"mirostat_tau":5.0,"num_keep":4}', {}],
  ];
  for (const [options, expected] of cases)
    t.match(await samplingOf(app, options), expected, options);
  const drawn = await samplingOf(app, '{"seed":-1}');
  t.not(drawn.seed, (await samplingOf(app, '{"seed":-1}')).seed, 'another one each time');
});

t.test('stop strings end the answer', async (t) => {
  const app = await ollamaApp(t);
  answering(app, 'one two', STOP);
  for (const stop of ['two', ['x', 'two']]) {
    const { json } = await app.post('/api/chat', {
      model: 'm',
      messages,
      stream: false,
      options: { stop },
    });
    t.match(json, { message: { content: 'one ' }, done_reason: 'stop' });
  }
});

t.test('what samples another way is refused by name', async (t) => {
  const app = await ollamaApp(t);
  const refused: [object, RegExp][] = [
    [{ mirostat: 1 }, /^option "mirostat" is not supported by this server: only 0/],
    [{ typical_p: 0.5 }, /^option "typical_p" is not supported/],
    [{ tfs_z: 0.5 }, /^option "tfs_z" is not supported/],
    [{ repeat_penalty: 1.1, repeat_last_n: 65 }, /^option "repeat_last_n" is not supported/],
    [{ repeat_penalty: 1.1, penalize_newline: false }, /^option "penalize_newline" is not/],
    [{ num_ctx: 'many' }, /^option "num_ctx" must be of type integer$/],
    [{ use_mmap: 1 }, /^option "use_mmap" must be of type boolean$/],
    [{ stop: [1] }, /^option "stop" must be of type array$/],
    [{ top_p: 0 }, /^top_p must be in \(0, 1\]/],
    [{ repeat_penalty: 3 }, /^repetition_penalty must be in/],
  ];
  for (const [options, error] of refused) {
    const { status, json } = await app.post('/api/chat', { model: 'm', messages, options });
    t.match({ status, json }, { status: 400, json: { error } });
  }
  // Without a prompt there is nothing to sample, but a type is wrong all the same.
  for (const path of ['/api/chat', '/api/generate']) {
    const { status, json } = await app.post(path, { model: 'm', options: { num_batch: [] } });
    t.equal(status, 400);
    t.match(json, { error: 'option "num_batch" must be of type integer' });
  }
});

t.test("defaults: the server's, the model's, Ollama's", async (t) => {
  const own = { temperature: 0.6, topP: null, topK: 20, minP: null, repetitionPenalty: null };
  t.match(await samplingOf(await ollamaApp(t), '{}'), { temperature: 0.8, topP: 0.9, topK: 40 });
  t.match(await samplingOf(await ollamaApp(t, { samplingDefaults: own }), '{}'), {
    temperature: 0.6,
    topP: 0.9,
    topK: 20,
  });
  const preferred = await ollamaApp(t, {}, { preferredSamplingParams: { top_p: 0.5 } });
  t.match(await samplingOf(preferred, '{"top_k":3}'), { temperature: 0.8, topP: 0.5, topK: 3 });
});
