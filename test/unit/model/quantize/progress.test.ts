import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { prepareModel } from '../../../../src/model/prepare-model.js';
import { bytesPerNumber } from '../../../../src/model/weights/stored-bytes.js';
import { BUILD_DEPS } from '../../../doubles/build-deps.js';

/** None has tied embeddings, which are read twice. */
const MODELS = [
  'families/llama-blocks/model.safetensors',
  'quantized/awq-llama/model.safetensors',
  'quantized/gptq-llama-order/model.safetensors',
  'quantized/bnb-llama-nf4/model.safetensors',
  'gguf/models/llama-blocks-q4_0.gguf',
];

for (const model of MODELS) {
  t.test(`progress counts the bytes that are read of ${model}`, async (t) => {
    const path = join('test', 'fixtures', model);
    const [done, total] = await lastProgress(path.replace(/\/model.safetensors$/, ''), t.testdir());
    t.equal(done, total, 'all of it is done in the end');
    const bytes = await weightBytes(path);
    t.ok(total > 0.9 * bytes && total <= bytes, `${total} of ${bytes}: all but norms and biases`);
  });
}

t.test('of a view as much as of what it is a view of', (t) => {
  const place = { name: 'qkv', path: 'file', offset: 0, dtype: 'bf16' } as const;
  const packing = { kind: 'blocks', encoding: 'Q4_0', pairedRows: null, plus: 0 } as const;
  const of = { ...place, packing, shape: [96, 64] };
  t.equal(bytesPerNumber(of), 18 / 32);
  const lines = { begin: 0, run: 32, stride: 32, order: null };
  const view = { kind: 'view', of, lines, along: 'rows', first: 0 } as const;
  t.equal(bytesPerNumber({ ...place, packing: view, shape: [32, 64] }), 18 / 32);
  t.end();
});

async function lastProgress(folder: string, cacheDir: string): Promise<readonly [number, number]> {
  let last: readonly [number, number] = [NaN, NaN];
  await prepareModel(
    { folder, quantization: 'int8', loadFormat: 'auto', contextLength: null },
    { ...BUILD_DEPS, cacheDir, progress: (...given) => (last = given) },
  );
  return last;
}

/** Without the header of a safetensors file. */
async function weightBytes(path: string): Promise<number> {
  if (path.endsWith('.gguf')) return (await stat(path)).size;
  const file = await readFile(path);
  return file.length - 8 - Number(file.readBigUInt64LE(0));
}
