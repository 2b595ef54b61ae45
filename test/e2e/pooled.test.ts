import { join } from 'node:path';
import t from 'tap';
import { readPooledGolden } from '../unit/model/pooled-golden.js';
import { postJson } from './client.js';
import { startRadish } from './radish-process.js';

/** Kinds of checkpoint; the other variants are compared without HTTP in test/unit/device. */
const CASES: readonly [name: string, route: string][] = [
  ['bert-mean', 'encode'],
  ['xlmr-cls', 'encode'],
  ['gemma2-last', 'encode'],
  ['llama-causal', 'encode'],
  ['qwen3-causal', 'encode'],
  ['st-all', 'encode'],
  ['st-bare', 'encode'],
  ['gemma2-reward', 'classify'],
  ['llama-reward', 'classify'],
  ['qwen2-labels', 'classify'],
];

for (const [name, route] of CASES) {
  t.test(`${name}: /${route} gives the vectors of transformers`, async (t) => {
    const golden = await readPooledGolden(name);
    const sequences = golden.sequences.filter(({ tokenTypes }) => tokenTypes === null);
    const flags = golden.isEmbedding ? ['--is-embedding'] : [];
    const folder = join('test', 'fixtures', 'pooled', name);
    const radish = await startRadish(['--model-path', folder, '--skip-tokenizer-init', ...flags]);
    const answer = await postJson(`${radish.url}/${route}`, {
      input_ids: sequences.map(({ tokens }) => tokens),
    });
    t.equal(answer.status, 200);
    const vectors = (await answer.json()) as { embedding: number[] }[];
    t.equal(vectors.length, sequences.length);
    const errors = sequences.flatMap(({ vector }, at) =>
      vector.map((value, i) => Math.abs(value - (vectors[at]?.embedding[i] ?? NaN))),
    );
    const worst = errors.reduce((most, error) => (error <= most ? most : error), 0);
    t.ok(worst < 1e-4, `off by ${worst}`);
    const generate = await postJson(`${radish.url}/generate`, { input_ids: [1, 2] });
    t.equal(generate.status, 400);
    await radish.stop();
  });
}
