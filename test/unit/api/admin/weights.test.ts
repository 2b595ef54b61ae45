import t from 'tap';

import { startApp } from '../test-app.js';

t.test('sent tensors are decoded, and nothing but base64 is taken', async (t) => {
  const app = await startApp();
  const { updates } = app;
  t.teardown(() => {
    app.app.close();
  });
  const bytes = Buffer.from([1, 2, 3, 250]);
  const good = { serialized_named_tensors: [bytes.toString('base64')], flush_cache: false };
  const answer = await app.post('/update_weights_from_tensor', {
    ...good,
    load_format: 'safetensors',
    weight_version: 'b',
    abort_all_requests: true,
  });
  t.same(answer.json, { success: false, message: 'no devices' }, 'two keys');
  t.equal(answer.status, 400);
  t.same(updates, [
    {
      source: { kind: 'tensors', parts: [bytes] },
      abortAllRequests: true,
      weightVersion: 'b',
    },
  ]);
  const bad = [
    {},
    { serialized_named_tensors: [] },
    { serialized_named_tensors: 'AQID' },
    { serialized_named_tensors: [1] },
    { serialized_named_tensors: ['AQ!D'] },
    { ...good, load_format: 'flattened_bucket' },
    { ...good, flush_cache: 2 },
  ];
  for (const body of bad) {
    const { status, text } = await app.post('/update_weights_from_tensor', body);
    t.equal(status, 400, text);
  }
  t.equal(updates.length, 1);
});

t.test('memory routes: tags, and the flag they need', async (t) => {
  const without = await startApp();
  const app = await startApp({ enableMemorySaver: true });
  t.teardown(() => {
    without.app.close();
    app.app.close();
  });
  const refused = await without.post('/release_memory_occupation', {});
  t.match(refused.json, { error: { message: /--enable-memory-saver/ } });
  t.equal(without.memoryActs.length, 0);
  const all = await app.post('/release_memory_occupation', '');
  t.equal(all.status, 200);
  t.equal(all.text, 'null');
  await app.post('/resume_memory_occupation', { tags: null });
  await app.post('/resume_memory_occupation', { tags: ['kv_cache', 'cuda_graph', 'weights'] });
  const failed = await app.post('/resume_memory_occupation', { tags: ['weights'] });
  t.same([failed.status, failed.json], [400, { error: { message: 'not now' } }]);
  for (const tags of [['gpu'], [1], 3]) {
    t.equal((await app.post('/release_memory_occupation', { tags })).status, 400);
  }
  t.same(app.memoryActs, [
    'release weights kv_cache',
    'resume weights kv_cache',
    'resume kv_cache weights',
    'resume weights',
  ]);
});
