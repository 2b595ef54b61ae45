import t from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { expectedBytes } from '../../../../src/model/quantize/expected-bytes.js';
import { openSource } from '../../../../src/model/source/registry.js';
import { CPU_TARGET } from '../../../../src/model/target.js';
import { blockBytes, loadedBytes } from '../../../../src/model/weights/loaded-bytes.js';
import type { WeightMap } from '../../../../src/model/weights/weight-store.js';
import { goldenFolder } from '../golden.js';
import { prepareHere } from '../same-answers.js';

const cacheDir = t.testdir();
/** A mixture, so that `w8a8_int8` has blocks too. */
const folder = goldenFolder('qwen2-moe-blocks');

t.test('a block in memory is its codes, a scale and a sum', (t) => {
  const shape = { in: 64, out: 3 };
  t.equal(blockBytes({ ...shape, bits: 8, blockSize: 16 }), 1.5 * 64 * 3);
  t.equal(blockBytes({ ...shape, bits: 4, blockSize: 64 }), 0.625 * 64 * 3);
  t.end();
});

t.test('what is reserved for weights is what they take as they are loaded', async (t) => {
  const { plan } = readDecoder(await openSource(folder).config());
  for (const quantization of ['int8', 'int4', 'w8a8_int8'] as const) {
    const { spec, quantized } = await prepareHere(t, { folder, quantization, cacheDir });
    const { map } = quantized?.store ?? {};
    if (map === undefined) throw new Error('it has no weights');
    t.equal(spec.weightBytes, map.totalBytes + scaleBytes(map), quantization);
    t.equal(loadedBytes(map, 'webgpu'), map.totalBytes, 'no GPU packs them');
    // Beside the matrices there are norms, routers, and what keys and values take in 8 bits.
    const rest = spec.weightBytes - expectedBytes(plan, quantization, CPU_TARGET);
    t.ok(rest > 0 && rest < 0.3 * spec.weightBytes, `${quantization}: ${rest} bytes more`);
  }
});

/** Of the matrices in blocks: the sums of their codes are as many numbers. */
function scaleBytes({ linears }: WeightMap): number {
  const blocks = Object.values(linears).flatMap((linear) =>
    linear.format === 'parts' ? linear.parts : 'blockSize' in linear ? [linear] : [],
  );
  return blocks.reduce((sum, { scales }) => sum + scales.byteLength, 0);
}
