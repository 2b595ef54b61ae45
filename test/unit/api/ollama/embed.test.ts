import t from 'tap';

import { CROSS_ENCODER, startEmbedApp } from '../embed/embed-app.js';

interface Embedded {
  readonly model: string;
  readonly embeddings: number[][];
  readonly total_duration: number;
  readonly load_duration: number;
  readonly prompt_eval_count: number;
}

t.test('/api/embed: unit vectors, cut where that is asked for', async (t) => {
  const app = await startEmbedApp(t);
  app.scheduler.vectorOf = ({ tokens }) => [3, 4, 0, tokens.length * 0];
  const embed = async (body: object) =>
    (await app.post('/api/embed', { model: 'any', ...body })).json as Embedded;
  const one = await embed({ input: 'ab' });
  t.strictSame(one.embeddings, [[0.6, 0.8, 0, 0]]);
  t.equal(one.model, 'any');
  t.equal(one.prompt_eval_count, 2);
  t.ok(one.total_duration >= one.load_duration && Number.isSafeInteger(one.load_duration));
  const two = await embed({ input: ['ab', 'c'], options: { num_ctx: 1 }, keep_alive: '5m' });
  t.equal(two.embeddings.length, 2);
  t.equal(two.prompt_eval_count, 3);
  t.strictSame((await embed({ input: 'a', dimensions: 1 })).embeddings, [[1]]);
  t.strictSame((await embed({ input: 'a', dimensions: 99 })).embeddings[0]?.length, 4);
  for (const input of [undefined, '', []]) {
    t.match(await embed({ input }), { embeddings: [], prompt_eval_count: 0 });
  }
  const zero = await startEmbedApp(t);
  zero.scheduler.vectorOf = () => [0, 0, 0, 0];
  t.match((await zero.post('/api/embed', { model: 'm', input: 'a' })).json, {
    embeddings: [[0, 0, 0, 0]],
  });
});

t.test('a long text is cut, or refused', async (t) => {
  const app = await startEmbedApp(t);
  app.scheduler.vectorOf = ({ tokens }) => [tokens.length, 0, 0, 0];
  const input = 'x'.repeat(100);
  t.match((await app.post('/api/embed', { model: 'm', input })).json, { prompt_eval_count: 39 });
  const { status, json } = await app.post('/api/embed', { model: 'm', input, truncate: false });
  t.match({ status, json }, { status: 400, json: { error: /is longer than the model's context/ } });
});

t.test('/api/embeddings: one vector as the model gives it', async (t) => {
  const app = await startEmbedApp(t);
  app.scheduler.vectorOf = () => [3, 4, 0, 0];
  const embed = async (prompt?: string) =>
    (await app.post('/api/embeddings', { model: 'm', prompt })).json;
  t.strictSame(await embed('ab'), { embedding: [3, 4, 0, 0] });
  t.strictSame(await embed(), { embedding: [] });
});

t.test('bad inputs, and a model of labels', async (t) => {
  const app = await startEmbedApp(t);
  for (const input of [7, {}, [1], ['a', null]]) {
    const { status, json } = await app.post('/api/embed', { model: 'm', input });
    t.strictSame([status, json], [400, { error: 'invalid input type' }]);
  }
  t.equal((await app.post('/api/embed', { input: 'a' })).status, 400);
  const cross = await startEmbedApp(t, CROSS_ENCODER);
  t.match((await cross.post('/api/embed', { model: 'm', input: 'a' })).json, {
    error: '"m" does not support embeddings',
  });
});
