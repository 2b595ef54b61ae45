import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import type { QuantizedFormat } from '../../../../src/core/model-spec.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { NONE_KEPT } from '../../../../src/model/quantize/kept-linears.js';
import type { ProductSums } from '../../../../src/model/quantize/product-sums.js';
import { planQuantization } from '../../../../src/model/quantize/recipe.js';
import { openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { CPU_TARGET } from '../../../../src/model/target.js';
import type { LinearWeight, W8A8Linear } from '../../../../src/model/weights/weight-store.js';
import { goldenFolder } from '../golden.js';

async function linearsOf(
  name: string,
  format: QuantizedFormat = 'w8a8_int8',
  sums: ProductSums = 'pairs',
): Promise<Readonly<Record<string, LinearWeight>>> {
  const folder = goldenFolder(name);
  const { config, plan } = readDecoder(
    JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')),
  );
  const checkpoint = await openCheckpoint(folder);
  const input = {
    plan,
    config,
    checkpoint,
    target: CPU_TARGET,
    kept: NONE_KEPT,
    texts: null,
    sums,
  };
  return planQuantization(input, format, 'weights.bin').map.linears;
}

function rounded(weight: LinearWeight | undefined): W8A8Linear {
  if (weight?.format !== 'w8a8_int8') throw new Error(`${weight?.format ?? 'nothing'} is there`);
  return weight;
}

t.test('what a norm made has one range, and gate and up are a matrix each', async (t) => {
  const linears = await linearsOf('llama-blocks');
  const placed = (name: string) => {
    const { matrices, inputRange } = rounded(linears[name]);
    return [matrices.length, inputRange] as const;
  };
  const range = rounded(linears['head']).inputRange;
  t.ok(range !== null && range > 3 && range < 4);
  t.same(placed('layers.0.qkv'), [1, null], 'keys and values are rounded themselves');
  t.same(placed('layers.0.gate_up'), [2, range]);
  t.same(placed('layers.0.o'), [1, null]);
  t.same(placed('layers.0.down'), [1, null]);
  t.same(placed('head'), [1, range]);
});

t.test(
  'where sums are whole, keys and values have the range as well, and what attention gives',
  async (t) => {
    const linears = await linearsOf('llama-blocks', 'w8a8_int8', 'whole');
    const ranges = ['qkv', 'o', 'down'].map((name) => {
      const { inputRange, gridRange } = rounded(linears[`layers.0.${name}`]);
      return [inputRange, gridRange];
    });
    const range = rounded(linears['head']).inputRange;
    t.same(ranges, [
      [range, undefined],
      [null, 96],
      [null, undefined],
    ]);
  },
);

t.test('where the stream is not turned, each input is mixed as it is rounded', async (t) => {
  const mixedColumns = async (name: string): Promise<number[]> => {
    const linears = Object.values(await linearsOf(name));
    const integers = linears.filter(
      (linear): linear is W8A8Linear => linear.format === 'w8a8_int8',
    );
    t.ok(integers.length > 4);
    return integers.map(({ inputHadamard }) => inputHadamard ?? 0);
  };
  for (const name of ['gemma2-blocks', 'olmo3', 'exaone4-blocks']) {
    t.ok((await mixedColumns(name)).every((columns) => columns >= 32 && columns <= 64));
  }
  const turned = await linearsOf('llama-blocks');
  t.equal(rounded(turned['layers.0.gate_up']).inputHadamard, null);
  t.equal(rounded(turned['layers.0.down']).inputHadamard, 32);
});

t.test('gate and up of experts stay one matrix, of the shared expert they are two', async (t) => {
  const linears = await linearsOf('qwen2-moe-blocks');
  const formats = Object.entries(linears).flatMap(([name, { format }]) =>
    name.endsWith('gate_up') ? [[name, format] as const] : [],
  );
  const shared = formats.filter(([, format]) => format === 'w8a8_int8');
  t.ok(shared.length > 0 && shared.length < formats.length);
  for (const [name] of shared) t.equal(rounded(linears[name]).matrices.length, 2, name);
});

t.test('experts beside w8a8_int8 have larger blocks where what they read is rotated', async (t) => {
  const sizesOf = async (format: 'w8a8_int8' | 'int8'): Promise<unknown> => {
    const linears = await linearsOf('qwen2-moe-blocks', format);
    const sizes = Object.entries(linears).flatMap(([name, linear]) =>
      /experts\.\d/.test(name) && 'blockSize' in linear ? [[kindOf(name), linear.blockSize]] : [],
    );
    return Object.fromEntries(sizes);
  };
  t.same(await sizesOf('w8a8_int8'), { gate_up: 32, down: 16 }, 'as wide as the network is');
  t.same(await sizesOf('int8'), { gate_up: 16, down: 16 });
});

t.test(
  'the head beside four bits is in the largest blocks that mind no number of rows',
  async (t) => {
    const { head } = await linearsOf('llama-blocks', 'int4');
    t.match(head, { format: 'int8', bits: 8, blockSize: 64, in: 64 });
    const { head: ofEight } = await linearsOf('llama-blocks', 'int8');
    t.match(ofEight, { format: 'int8', blockSize: CPU_TARGET.blockSize });
  },
);

function kindOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
