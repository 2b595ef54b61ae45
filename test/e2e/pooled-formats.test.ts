import { join } from 'node:path';
import t from 'tap';

import { readPooledGolden } from '../unit/model/pooled-golden.js';
import { postJson } from './client.js';
import { runRadish, startRadish } from './radish-process.js';

const FOLDER = join('test', 'fixtures', 'pooled', 'bert-blocks');

t.test('an embedding model in eight bits: served, updated, converted', async (t) => {
  const folder = t.testdir();
  const env = { XDG_CACHE_HOME: folder };
  const golden = await readPooledGolden('bert-blocks');
  const sequences = golden.sequences.filter(({ tokenTypes }) => tokenTypes === null);
  const vectorsAt = async (url: string): Promise<readonly number[][]> => {
    const input_ids = sequences.map(({ tokens }) => tokens);
    const answer = await postJson(`${url}/encode`, { input_ids });
    t.equal(answer.status, 200);
    const vectors = (await answer.json()) as { embedding: number[] }[];
    return vectors.map(({ embedding }) => embedding);
  };
  const flags = ['--model-path', FOLDER, '--quantization', 'w8a8_int8', '--skip-tokenizer-init'];
  // Rounded for any CPU, as a folder is.
  const anywhere = '--enable-deterministic-inference';

  const radish = await startRadish([...flags, anywhere], env);
  t.match(radish.log(), 'Weight format: w8a8_int8 (as asked)');
  const info = await (await fetch(`${radish.url}/server_info`)).json();
  t.match(info, { quantization: 'w8a8_int8' });
  const vectors = await vectorsAt(radish.url);
  for (const [at, { vector }] of sequences.entries()) {
    // Both have the length 1.
    const cosine = vector.reduce((sum, x, i) => sum + x * (vectors[at]?.[i] ?? NaN), 0);
    t.ok(cosine > 0.9995 && cosine < 0.999_999_9, `rounded, and near (${cosine})`);
  }
  const updated = await postJson(`${radish.url}/update_weights_from_disk`, { model_path: FOLDER });
  t.match(await updated.json(), { success: true });
  t.same(await vectorsAt(radish.url), vectors, 'the same weights again');
  t.equal(await radish.stop(), 0);

  const out = join(folder, 'out');
  const run = runRadish(['convert', ...flags.slice(0, 4), '--out', out], env);
  t.equal(await run.exit, 0, run.log());
  const converted = await startRadish(['--model-path', out, '--skip-tokenizer-init', anywhere]);
  t.match(converted.log(), 'Weight format: w8a8_int8 (as it was converted)');
  t.same(await vectorsAt(converted.url), vectors, 'as it was converted');
  const back = await postJson(`${converted.url}/update_weights_from_disk`, { model_path: FOLDER });
  t.match(await back.json(), { success: true });
  t.same(await vectorsAt(converted.url), vectors, 'the original is rounded to its format');
  t.equal(await converted.stop(), 0);
});
