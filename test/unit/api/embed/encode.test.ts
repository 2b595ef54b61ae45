import { failureReason } from '../../../../src/core/finish-reason.js';
import t from 'tap';
import { ServedWeights } from '../../../../src/engine/served-weights.js';
import { flatError } from '../../../doubles/error-bodies.js';
import { startApp } from '../test-app.js';
import { CROSS_ENCODER, startEmbedApp } from './embed-app.js';

interface Versioned {
  readonly model?: string;
  readonly meta_info?: { readonly weight_version: string };
}

const inMetaInfo = (json: unknown): unknown =>
  ([json].flat() as Versioned[])[0]?.meta_info?.weight_version;
const VERSIONED = [
  { path: '/encode', body: { text: 'hi' }, embedding: {}, versionIn: inMetaInfo },
  { path: '/classify', body: { text: ['hi'] }, embedding: {}, versionIn: inMetaInfo },
  {
    path: '/v1/rerank',
    body: { query: 'a', documents: ['b'] },
    embedding: CROSS_ENCODER,
    versionIn: inMetaInfo,
  },
  {
    path: '/v1/embeddings',
    body: { input: 'hi' },
    embedding: {},
    versionIn: (json: unknown): unknown => (json as Versioned).model,
  },
];

const VECTOR = [0.5, 0.5, 0.5, -0.5];

t.test('a single text gives an object, a list an array', async (t) => {
  const app = await startEmbedApp(t);
  app.scheduler.vectorOf = () => VECTOR;
  const single = await app.post('/encode', { text: 'hi', rid: 'x', model: 'whatever' });
  t.equal(single.status, 200);
  t.match(single.json, {
    embedding: VECTOR,
    meta_info: {
      id: 'x',
      finish_reason: { type: 'length', length: 0 },
      prompt_tokens: 2,
      weight_version: 'default',
      e2e_latency: Number,
    },
  });
  for (const body of [{ text: ['hi'] }, { input_ids: [[1, 2, 3]] }]) {
    const { json } = await app.post('/encode', body);
    t.match(json, [{ embedding: VECTOR }]);
    t.equal((json as unknown[]).length, 1);
  }
  const put = await fetch(`${app.url}/classify`, { method: 'PUT', body: '{"input_ids":[5,6]}' });
  t.match(await put.json(), { embedding: VECTOR, meta_info: { prompt_tokens: 2 } });
});

t.test('answers come in the order of the texts, whatever the order of the vectors', async (t) => {
  const app = await startEmbedApp(t);
  const pending = app.post('/encode', {
    text: ['a', 'bb'],
    rid: 'r',
    return_prompt_token_ids: true,
  });
  while (app.scheduler.liveTexts.size < 2) await new Promise(setImmediate);
  const [first, second] = [...app.scheduler.liveTexts.keys()];
  app.scheduler.finishText(second ?? 0, [2]);
  app.scheduler.finishText(first ?? 0, [1]);
  t.match((await pending).json, [
    { embedding: [1], prompt_token_ids: [97], meta_info: { id: 'r_0' } },
    { embedding: [2], prompt_token_ids: [98, 98], meta_info: { id: 'r_1' } },
  ]);
  t.equal(app.engine.numLive, 0);
});

t.test('a vector carries the version of the weights that computed it', async (t) => {
  for (const { path, body, versionIn, embedding } of VERSIONED) {
    const weights = new ServedWeights('models/old', 'v0');
    const app = await startEmbedApp(t, embedding, {}, { weights });
    const ask = async (isUpdated: boolean): Promise<unknown> => {
      const pending = app.post(path, body);
      while (app.scheduler.liveTexts.size === 0) await new Promise(setImmediate);
      if (isUpdated) weights.replace('models/new', 'v1');
      for (const num of app.scheduler.liveTexts.keys()) app.scheduler.finishText(num, [1]);
      return versionIn((await pending).json);
    };
    const isPath = path === '/v1/embeddings';
    t.equal(await ask(true), isPath ? 'models/old' : 'v0', `${path}: an update was on its way`);
    app.scheduler.weightsEpoch = 1;
    t.equal(await ask(false), isPath ? 'models/new' : 'v1', `${path}: after it`);
  }
});

t.test("a cross-encoder's score is a bare number, pairs are read together", async (t) => {
  const app = await startEmbedApp(t, CROSS_ENCODER);
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length];
  const body = { text: [['ab', 'cde']], is_cross_encoder_request: true };
  t.match((await app.post('/encode', body)).json, [{ embedding: 5 }]);
  const wrong = await app.post('/encode', { text: ['ab'], is_cross_encoder_request: true });
  t.match(wrong, { status: 400, json: { type: 'Bad Request' } });
});

t.test('a reward is element 0 of a list', async (t) => {
  const app = await startEmbedApp(t, { ...CROSS_ENCODER, pooling: ['last'] });
  app.scheduler.vectorOf = () => [1.5];
  t.match((await app.post('/classify', { text: ['good', 'bad'] })).json, [
    { embedding: [1.5] },
    { embedding: [1.5] },
  ]);
});

t.test('what cannot be read is refused in the words of SGLang', async (t) => {
  const app = await startEmbedApp(t);
  const refused = async (body: object, message: string): Promise<void> => {
    const { status, json } = await app.post('/encode', body);
    t.equal(status, 400);
    t.match(JSON.stringify(json), message);
  };
  await refused({}, 'At least one of text, input_ids, or image should be provided');
  await refused(
    { text: 'a', input_ids: [1] },
    'text and input_ids cannot be provided at the same time',
  );
  await refused({ text: [] }, 'text cannot be empty.');
  await refused({ input_ids: [] }, 'input_ids cannot be empty.');
  await refused({ input_ids: [[1], []] }, 'input_ids cannot be empty.');
  await refused({ input_ids: [1, 99999] }, 'out-of-vocabulary token id 99999');
  await refused({ text: 5 }, 'text must be a string or a list.');
  await refused({ image_data: 'x' }, 'image_data was given');
  await refused(
    { text: 'a'.repeat(40) },
    "The input (40 tokens) is longer than the model's context length (40 tokens).",
  );
  t.equal(app.scheduler.received.length, 0);
});

t.test('--allow-auto-truncate cuts instead', async (t) => {
  const app = await startEmbedApp(t, {}, { allowAutoTruncate: true });
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length];
  t.match((await app.post('/encode', { text: 'a'.repeat(100) })).json, { embedding: [39] });
});

t.test('dimensions follow the Matryoshka rules', async (t) => {
  const message = async (matryoshka: 'any' | number[] | null, dimensions: number) => {
    const app = await startEmbedApp(t, { matryoshka });
    app.scheduler.vectorOf = () => [0.6, 0, 0.8, 0];
    const { status, json } = await app.post('/encode', { text: 'a', dimensions });
    if (status === 200) return (json as { embedding: number[] }).embedding.map(Math.fround);
    t.equal(status, 400);
    return (json as { error: { message: string } }).error.message;
  };
  t.equal(
    await message(null, 2),
    "Model 'models/tiny' does not support matryoshka representation, changing output dimensions will lead to poor results.",
  );
  t.equal(await message('any', 0), 'Requested dimensions must be greater than 0');
  t.equal(
    await message('any', 5),
    'Provided dimensions are greater than max embedding dimension: 4',
  );
  t.match(await message([2], 3), 'only supports [2] matryoshka dimensions');
  t.strictSame(await message('any', 2), [1, 0], 'of unit length again');
  t.strictSame(await message([4], 4), [0.6, 0, 0.8, 0].map(Math.fround));
});

t.test('a generation model says so', async (t) => {
  const app = await startApp();
  t.teardown(() => {
    app.app.close();
  });
  const message =
    'This model does not appear to be an embedding model by default. Please add `--is-embedding` when launching the server or try another model.';
  for (const path of ['/encode', '/classify']) {
    const { status, json } = await app.post(path, { text: 'a' });
    t.equal(status, 400);
    t.strictSame(json, { error: { message } });
  }
  const flat = flatError(400, 'BadRequestError', message);
  const bodies: [string, object][] = [
    ['/v1/embeddings', { input: 'a' }],
    ['/v1/classify', { input: 'a' }],
    ['/v1/rerank', { query: 'a', documents: ['b'] }],
  ];
  for (const [path, body] of bodies) t.strictSame((await app.post(path, body)).json, flat, path);
});

t.test('an embedding model generates nothing, and says that it embeds', async (t) => {
  const app = await startEmbedApp(t);
  for (const path of ['/generate', '/v1/completions']) {
    const { status, text } = await app.post(path, { text: 'a', prompt: 'a' });
    t.equal(status, 400);
    t.match(text, 'This model does not generate text');
  }
  const info = await (await fetch(`${app.url}/get_model_info`)).json();
  t.match(info, { is_generation: false });
  app.scheduler.vectorOf = () => VECTOR;
  t.equal((await fetch(`${app.url}/health_generate`)).status, 200);
  t.match(app.scheduler.received.at(-1), {
    kind: 'submitEmbed',
    reqs: [{ rid: /^HEALTH_CHECK_/ }],
  });
});

t.test('failures after acceptance', async (t) => {
  const app = await startEmbedApp(t);
  app.scheduler.failure = { code: 'QUEUE_FULL', message: 'The request queue is full.' };
  t.match(await app.post('/encode', { text: 'a' }), { status: 503, json: { code: 503 } });
  app.scheduler.failure = null;
  const pending = app.post('/encode', { text: ['a', 'b'] });
  while (app.scheduler.liveTexts.size < 2) await new Promise(setImmediate);
  const [num = 0] = app.scheduler.liveTexts.keys();
  app.scheduler.finishText(num, [], failureReason('DEVICE_FAILED', 'The device failed.'));
  t.match(await pending, { status: 500, json: { message: 'The device failed.' } });
  await new Promise(setImmediate);
  t.equal(app.scheduler.liveTexts.size, 0, 'the other text is given up');
  t.equal(app.engine.numLive, 0);
});

t.test('a client that leaves aborts its texts', async (t) => {
  const app = await startEmbedApp(t);
  const leaving = new AbortController();
  const body = JSON.stringify({ text: ['a', 'b'] });
  const { signal } = leaving;
  const pending = fetch(`${app.url}/encode`, { method: 'POST', body, signal });
  pending.catch(() => undefined);
  while (app.scheduler.liveTexts.size < 2) await new Promise(setImmediate);
  leaving.abort();
  while (app.scheduler.liveTexts.size > 0) await new Promise((resolve) => setTimeout(resolve, 2));
  t.equal(app.engine.numLive, 0);
});

t.test('a text that takes too long is a 503', async (t) => {
  const app = await startEmbedApp(t);
  const pending = app.post('/encode', { text: 'a' });
  while (app.scheduler.liveTexts.size < 1) await new Promise(setImmediate);
  const [num = 0] = app.scheduler.liveTexts.keys();
  const message = 'Request waiting timeout reached.';
  app.scheduler.finishText(num, [], failureReason('TIMED_OUT', message));
  t.match(await pending, { status: 503, json: { message } });
});

t.test('a pause by abort waits for the texts too', async (t) => {
  const app = await startEmbedApp(t);
  const pending = app.post('/encode', { text: ['a', 'b'] });
  while (app.scheduler.liveTexts.size < 2) await new Promise(setImmediate);
  t.equal((await app.post('/pause_generation', {})).status, 200);
  t.equal(app.engine.numLive, 0);
  t.match(await pending, { status: 400, text: /Aborted/ });
});
