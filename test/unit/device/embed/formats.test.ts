import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import type { EmbedSequence } from '../../../../src/core/batch.js';
import type { QuantizedFormat } from '../../../../src/core/model-spec.js';
import { type EmbedDevice, openEmbedDevice } from '../../../../src/device/embed/embed-device.js';
import { prepareModel } from '../../../../src/model/prepare-model.js';
import type { Quantization } from '../../../../src/model/quantize/format.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';
import { pooledFolder, readPooledGolden, type PooledGolden } from '../../model/pooled-golden.js';

/** Largest 1 - cosine of a vector with what transformers computed. So narrow a model rounds worse than a real one. */
const LARGEST_ERROR: Readonly<Record<'w8a8_int8' | 'int8', number>> = {
  w8a8_int8: 5e-3,
  int8: 2e-3,
};
const NAMES = [
  'bert-blocks',
  'deberta-blocks',
  'llama-blocks',
  'llama-mutual-blocks',
  'modernbert-blocks',
];
const FORMATS = ['w8a8_int8', 'int8'] as const satisfies readonly QuantizedFormat[];

async function prepare(t: Test, name: string, quantization: Quantization) {
  const dir = await mkdtemp(join(tmpdir(), 'radish-pooled-formats-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return prepareModel(
    { folder: pooledFolder(name), quantization, loadFormat: 'auto', contextLength: null },
    { ...BUILD_DEPS, cacheDir: join(dir, 'cache'), temporaryDir: dir },
  );
}

async function open(
  model: Awaited<ReturnType<typeof prepare>>,
  numThreads: number,
): Promise<EmbedDevice> {
  const { embedding } = model.spec;
  if (embedding === null) throw new Error('it does not embed');
  return openEmbedDevice(model, embedding, { numThreads, spinning: false });
}

function sequenceOf({ tokens, tokenTypes }: PooledGolden['sequences'][number]): EmbedSequence {
  return {
    tokens: Int32Array.from(tokens),
    tokenTypes: tokenTypes && Int32Array.from(tokenTypes),
  };
}

function distance(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? NaN), 0);
  return 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

for (const name of NAMES) {
  for (const format of FORMATS) {
    t.test(`${name} as ${format}`, async (t) => {
      const golden = await readPooledGolden(name);
      const model = await prepare(t, name, format);
      t.equal(model.spec.format, format);
      const device = await open(model, 1);
      const sequences = golden.sequences.map(sequenceOf);
      const result = await device.runner.execute({ step: 0, sequences }, () => undefined);
      const { vectors, dim } = result;
      const errors = golden.sequences.map(({ vector }, i) =>
        distance(vector, [...vectors.subarray(i * dim, (i + 1) * dim)]),
      );
      const worst = Math.max(...errors);
      t.ok(worst < LARGEST_ERROR[format], `off by ${worst}`);
      t.ok(worst > 0, 'it is rounded');

      const together = [...sequences].sort((a, b) => b.tokens.length - a.tokens.length);
      const padded = await device.runner.run(together);
      const alone: number[] = [];
      for (const sequence of together) alone.push(...(await device.runner.run([sequence])));
      t.ok(
        alone.length === padded.length && alone.every((value, i) => Object.is(value, padded[i])),
        'the same bits alone as beside others',
      );
      await device.release();
      const onTwo = await open(model, 2);
      const byTwo = await onTwo.runner.run(together);
      t.ok(
        byTwo.every((value, i) => Object.is(value, padded[i])),
        'the same bits with two threads',
      );
      await onTwo.release();
    });
  }
}

t.test('what an embedding model computes in where nobody says', async (t) => {
  const { spec, info, quantized } = await prepare(t, 'bert-blocks', 'auto');
  t.equal(spec.format, 'none');
  t.equal(info.formatReason, 'vectors are compared with those of others');
  t.equal(quantized, null);
});

t.test(
  'formats that vectors do not survive are refused, and widths that no block fills',
  async (t) => {
    await t.rejects(prepare(t, 'bert-blocks', 'int4'), {
      message: /four bits move them too far\. Use w8a8_int8, int8 or none\.$/,
    });
    await t.rejects(prepare(t, 'bert-mean', 'w8a8_int8'), {
      message: /is 44 wide, not a multiple of 32\. Use auto or none\.$/,
    });
  },
);
