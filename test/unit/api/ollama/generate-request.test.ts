import t from 'tap';

import { NO_PARSERS } from '../../../../src/text/model-parsers.js';
import { answering } from '../openai/openai-app.js';
import { BOS } from '../tiny-tokenizer.js';
import { linesOf, ollamaApp, promptOf, STOP, type Line } from './ollama-app.js';

const PATH = '/api/generate';
const body = { model: 'tiny', prompt: 'hi' };

t.test("a prompt is the user's turn, behind the system's", async (t) => {
  const app = await ollamaApp(t);
  const seen = answering(app, '<think>Hm.</think>Hello', STOP);
  const lines = linesOf((await app.post(PATH, { ...body, system: 'Be kind.' })).text);
  t.equal(promptOf(seen[0]), '<s>[system:Be kind.][user:hi]>');
  t.equal(lines.map(({ response }) => response).join(''), 'Hello');
  t.equal(lines.map(({ thinking }) => thinking ?? '').join(''), 'Hm.');
  t.notOk(lines.some(({ message }) => message));
  const { context } = lines.at(-1) ?? {};
  t.strictSame(context?.slice(0, seen[0]?.inputIds.length), [...(seen[0]?.inputIds ?? [])]);
  const { json } = await app.post(PATH, { ...body, stream: false, think: false });
  t.match(json, { response: 'Hello', done: true, done_reason: 'stop', model: 'tiny' });
  t.notOk((json as Line).thinking);
});

t.test('goes on from a context, which begins once', async (t) => {
  const app = await ollamaApp(t);
  const seen = answering(app, 'Hello', STOP);
  const { context } = (await app.post(PATH, { ...body, stream: false })).json as Line;
  await app.post(PATH, { model: 'tiny', prompt: 'and?', context });
  t.equal(promptOf(seen[1]), '<s>[user:hi]>Hello[user:and?]>');
  t.equal(seen[1]?.inputIds.filter((id) => id === BOS).length, 1);
});

t.test('raw text is the prompt, and gives no context', async (t) => {
  const app = await ollamaApp(t);
  const seen = answering(app, '<think>Hm.</think>Hello', STOP);
  const { json } = await app.post(PATH, { ...body, raw: true, stream: false });
  t.equal(promptOf(seen[0]), '<s>hi');
  t.match(json, { response: '<think>Hm.</think>Hello' });
  t.notOk((json as Line).context);
});

t.test('a model without a template completes the text', async (t) => {
  const app = await ollamaApp(t, { chatTemplate: null, parsers: NO_PARSERS });
  const seen = answering(app, 'Hello', STOP);
  const { json } = await app.post(PATH, { ...body, system: 'Once', stream: false });
  t.equal(promptOf(seen[0]), '<s>Once\n\nhi');
  const { context } = json as Line;
  await app.post(PATH, { ...body, context });
  t.equal(promptOf(seen[1]), '<s>Once\n\nhiHellohi');
});

t.test('an empty prompt loads', async (t) => {
  const app = await ollamaApp(t);
  t.match((await app.post(PATH, { model: 'm' })).json, {
    model: 'm',
    response: '',
    done: true,
    done_reason: 'load',
  });
  t.match((await app.post(PATH, { model: 'm', prompt: '', keep_alive: '0' })).json, {
    done_reason: 'unload',
  });
});
