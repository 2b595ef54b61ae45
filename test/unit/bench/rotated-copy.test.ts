import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import {
  randomOrthogonal,
  timesSquare,
  transposed,
} from '../../bench/quality/weights/orthogonal.js';
import { readWeights, writeRotated } from '../../bench/quality/weights/rotated-copy.js';
import { EXACT, loadModel } from '../../bench/quality/loaded-model.js';
import { goldenFolder, readGolden } from '../model/golden.js';

t.setTimeout(120_000);

t.test('a random orthogonal matrix times its transpose is one', (t) => {
  const matrix = randomOrthogonal(48, 5);
  const rows = Float32Array.from(matrix.values);
  const product = timesSquare(rows, transposed(matrix));
  product.forEach((value, i) => {
    const expected = i % 49 === 0 ? 1 : 0;
    if (Math.abs(value - expected) > 1e-6) t.fail(`${value} at ${i}`);
  });
  t.ok(rows.some((value) => Math.abs(value) > 0.2 && Math.abs(value) < 0.8));
  t.not(randomOrthogonal(48, 6).values[0], matrix.values[0]);
  t.end();
});

async function logitsOf(folder: string, tokens: readonly number[]): Promise<Float32Array> {
  const room = { window: tokens.length + (tokens.length % 2), threads: 1 };
  const { teacher } = await loadModel(folder, EXACT, room);
  const logits = await teacher.logits(tokens);
  await teacher.release();
  return logits;
}

for (const name of ['llama-plain', 'llama-tied']) {
  t.test(`${name}: turned, it gives the same logits from other weights`, async (t) => {
    const folder = goldenFolder(name);
    const target = join(t.testdir(), 'rotated');
    await writeRotated(folder, target, 'F32');
    const { inputIds } = await readGolden(name);
    const expected = await logitsOf(folder, inputIds);
    const actual = await logitsOf(target, inputIds);
    t.equal(actual.length, expected.length);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = expected.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? NaN))),
      0,
    );
    t.ok(error < 1e-5 * Math.max(1, largest), `differs by ${error}`);

    const [before, after] = [await readWeights(folder), await readWeights(target)];
    const values = (weights: typeof before, key: string) => weights.get(key)?.values ?? [];
    for (const key of ['mlp.up_proj', 'mlp.down_proj', 'self_attn.q_proj', 'self_attn.o_proj']) {
      const weight = `model.layers.0.${key}.weight`;
      t.not(values(after, weight)[0], values(before, weight)[0], key);
    }
    t.ok(values(after, 'model.norm.weight').every((gain: number) => gain === 1));
    t.ok(after.has('lm_head.weight'), 'table and head are two');
  });
}

t.test('halves are written as f16, and another architecture is refused', async (t) => {
  const target = join(t.testdir(), 'rotated');
  await writeRotated(goldenFolder('llama-plain'), target);
  const config = JSON.parse(readFileSync(join(target, 'config.json'), 'utf8')) as {
    readonly torch_dtype: string;
  };
  t.equal(config.torch_dtype, 'float16');
  await t.rejects(
    writeRotated(goldenFolder('gemma2'), join(target, 'no')),
    /only LlamaForCausalLM/,
  );
});
