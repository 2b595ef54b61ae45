import t from 'tap';

import { answerOf, startApp } from '../test-app.js';
import { startEmbedApp } from '../embed/embed-app.js';
import { linesOf, ollamaApp } from './ollama-app.js';
import { answering } from '../openai/openai-app.js';

const NAME = 'org/tiny:latest';
const DETAILS = {
  parent_model: '',
  format: 'safetensors',
  family: 'llama',
  families: ['llama'],
  parameter_size: '256',
  quantization_level: 'F32',
};

t.test('tags, ps and version', async (t) => {
  const app = await ollamaApp(t);
  const get = async (path: string) => (await answerOf(await fetch(app.url + path))).json;
  const card = { name: NAME, model: NAME, size: 1024, digest: /^[\da-f]{64}$/, details: DETAILS };
  t.match(await get('/api/tags'), {
    models: [{ ...card, modified_at: '2023-11-14T22:13:20.000Z' }],
  });
  t.match(await get('/api/ps'), {
    models: [{ ...card, expires_at: /^2123-/, size_vram: 0, context_length: 200 }],
  });
  t.match(await get('/api/version'), { version: /^\d+\.\d+\.\d+$/ });
  for (const path of ['/api/tags', '/api/ps', '/api/version', '/']) {
    const head = await fetch(app.url + path, { method: 'HEAD' });
    t.strictSame([head.status, await head.text()], [200, ''], path);
  }
});

t.test('show: by either field, with a tag and without', async (t) => {
  const app = await ollamaApp(t);
  for (const body of [{ model: 'org/tiny' }, { name: NAME }, { model: '', name: 'ORG/Tiny' }]) {
    const { status, json } = await app.post('/api/show', { ...body, verbose: true });
    t.equal(status, 200);
    t.match(json, {
      modelfile: `FROM ${NAME}\nPARAMETER num_ctx 200\n`,
      parameters: 'num_ctx 200',
      template: /add_generation_prompt/,
      details: DETAILS,
      model_info: {
        'general.architecture': 'llama',
        'general.parameter_count': 256,
        'llama.context_length': 200,
        'llama.embedding_length': 8,
        'llama.block_count': 2,
        'llama.attention.head_count': 2,
      },
      modified_at: '2023-11-14T22:13:20.000Z',
    });
    t.strictSame((json as { capabilities: unknown }).capabilities, [
      'completion',
      'tools',
      'thinking',
    ]);
  }
  const { status, json } = await app.post('/api/show', { model: 'llama3.2' });
  t.strictSame([status, json], [404, { error: "model 'llama3.2' not found" }]);
  const embedder = await startEmbedApp(t);
  t.match((await embedder.post('/api/show', { model: 'org/tiny' })).json, {
    capabilities: ['embedding'],
    model_info: { 'bert.embedding_length': 4 },
  });
});

t.test('pull: what is there, and what is not', async (t) => {
  const app = await ollamaApp(t);
  const lines = linesOf((await app.post('/api/pull', { model: 'org/tiny' })).text);
  t.match(lines, [
    { status: 'pulling manifest' },
    { status: /^pulling [\da-f]{12}$/, digest: /^sha256:/, total: 1024, completed: 1024 },
    { status: 'verifying sha256 digest' },
    { status: 'writing manifest' },
    { status: 'success' },
  ]);
  const whole = await app.post('/api/pull', { name: NAME, stream: false });
  t.strictSame(whole.json, { status: 'success' });
  const error = 'pull model manifest: file does not exist';
  const other = await app.post('/api/pull', { model: 'x' });
  t.strictSame(linesOf(other.text), [{ status: 'pulling manifest' }, { error }] as unknown[]);
  const { status, json } = await app.post('/api/pull', { model: 'x', stream: false });
  t.strictSame([status, json], [500, { error }]);
});

t.test('what would change the models is not here', async (t) => {
  const app = await ollamaApp(t);
  for (const path of ['/api/create', '/api/copy', '/api/push', '/api/blobs/sha256:00']) {
    const { status, json } = await app.post(path, { model: 'x' });
    t.match({ status, json }, { status: 501, json: { error: /is not implemented: / } }, path);
  }
  const deleted = await fetch(`${app.url}/api/delete`, { method: 'DELETE', body: '{}' });
  t.equal(deleted.status, 501);
  const head = await fetch(`${app.url}/api/blobs/sha256:00`, { method: 'HEAD' });
  t.equal(head.status, 501);
});

t.test('the root says which server it is', async (t) => {
  const app = await startApp({}, {}, { ollamaRootRoute: '/' });
  t.teardown(() => {
    app.app.close();
  });
  t.equal(await (await fetch(app.url)).text(), 'Ollama is running');
  const plain = await ollamaApp(t);
  t.equal(await (await fetch(plain.url)).text(), '"SGLang is running"');
});

t.test('a name that was listed is no LoRA adapter to the OpenAI routes', async (t) => {
  const app = await ollamaApp(t);
  answering(app, 'x');
  const messages = [{ role: 'user', content: 'hi' }];
  const { status, json } = await app.post('/v1/chat/completions', { model: NAME, messages });
  t.match({ status, json }, { status: 200, json: { model: NAME } });
});
