import t from 'tap';

import { startEmbedApp } from '../embed/embed-app.js';
import { startApp } from '../test-app.js';
import { ollamaApp, STOP } from './ollama-app.js';
import { answering } from '../openai/openai-app.js';

const messages = [{ role: 'user', content: 'hi' }];
const chat = { model: 'm', messages };

/** Path, body and the error of the 400. */
const REFUSED: readonly (readonly [string, unknown, string | RegExp])[] = [
  ['/api/chat', '', 'The request body is empty.'],
  ['/api/chat', '{', /not valid JSON/],
  ['/api/chat', [], 'The request body must be a JSON object.'],
  ['/api/chat', { messages }, 'model is required'],
  ['/api/chat', { ...chat, model: 7 }, /^model must be a string/],
  ['/api/chat', { ...chat, messages: 'hi' }, 'messages must be a list of messages.'],
  ['/api/chat', { ...chat, messages: ['hi'] }, 'Each message must be an object.'],
  ['/api/chat', { ...chat, messages: [{ content: '' }] }, "'role' must be a string"],
  ['/api/chat', { ...chat, messages: [{ role: 'user', content: 7 }] }, 'content must be a string.'],
  [
    '/api/chat',
    { ...chat, messages: [{ ...messages[0], images: ['aGk='] }] },
    'images were given, but this model takes only text.',
  ],
  [
    '/api/chat',
    { ...chat, messages: [{ role: 'assistant', tool_calls: [{ function: 'f' }] }] },
    'Each tool call must have a function with a name.',
  ],
  ['/api/chat', { ...chat, tools: 'f' }, /^tools must be a list/],
  ['/api/chat', { ...chat, tools: [{}] }, /^Each tool must be an object with a function/],
  ['/api/chat', { ...chat, stream: 'maybe' }, /^stream must be a boolean/],
  ['/api/chat', { ...chat, top_logprobs: 21 }, 'top_logprobs must be between 0 and 20'],
  [
    '/api/chat',
    { ...chat, think: 'hard' },
    'invalid think value: "hard" (must be "high", "medium", "low", "max", true, or false)',
  ],
  ['/api/chat', { ...chat, think: 1 }, /^invalid think value: 1 /],
  [
    '/api/chat',
    { ...chat, format: 'xml' },
    'invalid format: "xml"; expected "json" or a valid JSON Schema object',
  ],
  ['/api/chat', { ...chat, format: 7 }, /^invalid format/],
  ['/api/chat', { ...chat, keep_alive: 'soon' }, 'time: invalid duration "soon"'],
  ['/api/chat', { ...chat, keep_alive: [] }, 'time: invalid duration []'],
  ['/api/chat', { ...chat, options: 'hot' }, /^options must be an object/],
  ['/api/chat', { ...chat, options: { temperature: 'hot' } }, /^option "temperature" must be of/],
  ['/api/chat', { ...chat, options: { temperature: -1 } }, /^temperature must be a non-negative/],
  ['/api/chat', { ...chat, messages: [{ role: 'user', content: 'x'.repeat(300) }] }, /is longer/],
  ['/api/generate', { prompt: 'hi' }, 'model is required'],
  ['/api/generate', { model: 'm', prompt: 7 }, /^prompt must be a string/],
  ['/api/generate', { model: 'm', prompt: 'a', suffix: 'b' }, '"m" does not support insert'],
  ['/api/generate', { model: 'm', prompt: 'a', template: 'b' }, /^template is not supported/],
  ['/api/generate', { model: 'm', prompt: 'a', images: ['aGk='] }, /^images were given/],
  ['/api/generate', { model: 'm', prompt: 'a', context: [303] }, /outside the vocabulary: 303/],
  ['/api/generate', { model: 'm', prompt: 'a', context: 'b' }, /^context must be a list of int/],
  [
    '/api/generate',
    { model: 'm', prompt: 'a', raw: true, system: 'b' },
    'raw mode does not support template, system, or context',
  ],
  ['/api/embed', { model: 'm', input: 'a' }, '"m" does not support embeddings'],
  ['/api/embeddings', { model: 'm', prompt: 'a' }, '"m" does not support embeddings'],
  ['/api/show', {}, 'model is required'],
  ['/api/pull', { stream: false }, 'model is required'],
];

t.test('bad requests are a 400 with a text, and submit nothing', async (t) => {
  const app = await ollamaApp(t);
  for (const [path, body, message] of REFUSED) {
    const { status, json } = await app.post(path, body);
    t.match({ status, json }, { status: 400, json: { error: message } }, JSON.stringify(body));
    t.strictSame(Object.keys(json as object), ['error']);
  }
  t.equal(app.scheduler.live.size, 0);
});

t.test('any content type will do, and null is left out', async (t) => {
  const app = await ollamaApp(t);
  answering(app, 'x', STOP);
  const curl = { 'content-type': 'application/x-www-form-urlencoded' };
  t.equal((await app.post('/api/chat', chat, curl)).status, 200);
  const nulls = ['tools', 'think', 'format', 'options', 'keep_alive', 'logprobs', 'stream'];
  const all = { ...chat, ...Object.fromEntries(nulls.map((name) => [name, null])) };
  t.equal((await app.post('/api/chat', all)).status, 200);
});

t.test('what the router refuses is in the same shape', async (t) => {
  const app = await ollamaApp(t, {}, { apiKey: 'k' });
  const { status, json } = await app.post('/api/chat', chat);
  t.strictSame([status, json], [401, { error: 'Unauthorized' }]);
  const key = { authorization: 'Bearer k' };
  const response = await fetch(`${app.url}/api/chat`, { headers: key });
  t.strictSame([response.status, response.headers.get('allow')], [405, 'POST']);
  t.strictSame(await response.json(), { error: 'Method Not Allowed' });
  const absent = await app.post('/api/me', {}, key);
  t.strictSame([absent.status, absent.json], [404, { error: 'Not Found' }]);
});

t.test('an embedding server neither chats nor generates', async (t) => {
  const app = await startEmbedApp(t);
  t.strictSame((await app.post('/api/chat', chat)).json, { error: '"m" does not support chat' });
  t.strictSame((await app.post('/api/generate', { model: 'm' })).json, {
    error: '"m" does not support generate',
  });
});

t.test('without a tokenizer there is no text', async (t) => {
  const app = await startApp({ skipTokenizerInit: true });
  t.teardown(() => {
    app.app.close();
  });
  for (const path of ['/api/chat', '/api/generate']) {
    const { status, json } = await app.post(path, { ...chat, prompt: 'hi' });
    t.match({ status, json }, { status: 400, json: { error: /skip-tokenizer-init/ } });
  }
});
