import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { keptBlocks } from '../../../../../src/model/weights/kept-blocks.js';
import { f32 } from '../../safetensors-file.js';
import { type Tensors, without } from './fixtures.js';
import { folderOf, halves, NAME, readWeight, words } from './one-module.js';
import {
  awqRows,
  awqTensors,
  GROUP,
  gptqTensors,
  IN,
  inOrder,
  type Matrix,
  OUT,
  planes,
  randomMatrix,
  shuffled,
  stream,
  weightOf,
} from './packed-matrix.js';

for (const bits of [2, 3, 4, 8]) {
  for (const format of ['gptq', 'gptq_v2']) {
    t.test(`${format}: codes of ${bits} bits in a stream are read, piece by piece`, async (t) => {
      const matrix = randomMatrix(bits, shuffled(bits));
      const config = { checkpoint_format: format, bits, group_size: GROUP, desc_act: true };
      await readsAs(t, config, gptqTensors(matrix, format === 'gptq' ? 1 : 0), matrix);
    });
  }
}

for (const bits of [3, 5, 6, 7, 8]) {
  t.test(`gptq_p: codes of ${bits} bits in planes are read`, async (t) => {
    const matrix = randomMatrix(bits);
    const config = { checkpoint_format: 'gptq_p', bits, group_size: GROUP };
    const tensors = gptqTensors(matrix, 0, bits === 8 ? stream : planes);
    await readsAs(t, config, tensors, matrix);
  });
}

t.test(
  'inputs without a written order are in groups as the config says, or even ones',
  async (t) => {
    const matrix = randomMatrix(4);
    const tensors = without(gptqTensors(matrix, 1), 'g_idx');
    for (const group_size of [GROUP, 2 * GROUP, -1]) {
      await readsAs(t, { group_size, bits: 4 }, tensors, matrix);
    }
    const uneven = { ...matrix, groupOf: matrix.codes.map((_, i) => Math.floor(i / 40)) };
    await readsAs(t, { group_size: 40, bits: 4 }, tensors, uneven);
  },
);

t.test('a list of groups one behind the other is not needed, unless it is an order', async (t) => {
  const listed = async (groupOf: readonly number[], desc_act: boolean): Promise<boolean> => {
    const matrix = randomMatrix(4, groupOf);
    const config = { bits: 4, group_size: GROUP, desc_act };
    await readsAs(t, config, gptqTensors(matrix, 1), matrix);
    const folder = await folderOf(t, { quant_method: 'gptq', ...config }, gptqTensors(matrix, 1));
    const { tensors } = await openSource(folder).weights();
    const packing = tensors.get(`${NAME}.weight`)?.packing;
    return packing?.kind === 'words' && packing.parts.groupOf !== undefined;
  };
  t.notOk(await listed(inOrder(), false));
  t.ok(await listed(inOrder(), true));
  t.ok(await listed(shuffled(4), false));
  // Of three groups the last is not used.
  const wider = inOrder().map((_, i) => Math.floor(i / 48));
  t.notOk(await listed(wider, false));
});

t.test('a last group with fewer inputs is kept in blocks that divide it too', async (t) => {
  const config = { quant_method: 'gptq', bits: 4, group_size: 64 };
  const tensors = { qweight: words([12, OUT]), qzeros: words([2, 8]), scales: halves([2, OUT]) };
  const folder = await folderOf(t, config, tensors);
  const weight = (await openSource(folder).weights()).tensors.get(`${NAME}.weight`);
  const files = new InputFiles();
  t.match(keptBlocks(files, weight?.packing ?? null, IN), { blockSize: 32, columns: null });
  t.equal(keptBlocks(files, weight?.packing ?? null, 72), null, 'no block divides 64 and 72');
});

t.test('zeros come back as the version of GPTQModel stored them', async (t) => {
  const matrix = randomMatrix(8);
  const meta = (quantizer: unknown) => ({ bits: 4, group_size: GROUP, meta: { quantizer } });
  // 0x11 of each byte, one of four bits twice.
  for (const quantizer of [['optimum:1.24.0', 'gptqmodel:2.2.0'], 'gptqmodel:7.3.1-dev']) {
    await readsAs(t, meta(quantizer), gptqTensors(matrix, 0x11), matrix);
  }
  for (const quantizer of [['gptqmodel:7.3.2'], ['gptqmodel:10.0.0'], 'auto_gptq:0.7.1', null]) {
    await readsAs(t, meta(quantizer), gptqTensors(matrix, 1), matrix);
  }
});

t.test('awq: eight outputs in a word are read, piece by piece', async (t) => {
  const matrix = randomMatrix(4);
  for (const config of [
    { quant_method: 'awq', bits: 4, group_size: GROUP, version: 'gemm', zero_point: true },
    { quant_method: 'awq', w_bit: 4, q_group_size: GROUP, version: 'GEMM' },
    { quant_method: 'awq', bits: 4, group_size: GROUP, checkpoint_format: 'gemm' },
    { quant_method: 'awq', bits: 4, group_size: GROUP, version: 'exllama' },
  ]) {
    await readsAs(t, config, awqTensors(matrix), matrix);
  }
});

t.test(
  'awq: eight inputs in a word are read, in rows that are longer than they need',
  async (t) => {
    const matrix = randomMatrix(4);
    for (const config of [
      { quant_method: 'awq', bits: 4, group_size: GROUP, version: 'gemv' },
      { quant_method: 'awq', w_bit: 4, q_group_size: GROUP, version: 'GEMV' },
    ]) {
      await readsAs(t, config, awqRows(matrix), matrix);
    }
    const whole = { ...matrix, groupOf: matrix.groupOf.map(() => 0) };
    await readsAs(
      t,
      { quant_method: 'awq', group_size: -1, version: 'gemv' },
      awqRows(whole),
      whole,
    );
  },
);

t.test('auto-round: codes are read in the order that it names', async (t) => {
  const matrix = randomMatrix(4);
  const config = { bits: 4, group_size: GROUP, data_type: 'int', act_bits: 16 };
  for (const quant_method of ['auto-round', 'intel/auto-round']) {
    for (const [packing_format, tensors] of [
      ['auto_round', gptqTensors(matrix, 0)],
      ['auto_round:gptqmodel', gptqTensors(matrix, 0)],
      ['auto_round:auto_gptq', without(gptqTensors(matrix, 1), 'g_idx')],
      ['auto_round:auto_awq', awqTensors(matrix)],
    ] as const) {
      await readsAs(t, { ...config, quant_method, packing_format }, tensors, matrix);
    }
  }
});

t.test('a tool says in a file of its own what config.json does not', async (t) => {
  const matrix = randomMatrix(4);
  for (const [file, own, tensors] of [
    ['quantize_config.json', { bits: 4, group_size: GROUP }, gptqTensors(matrix, 1)],
    ['quant_config.json', { w_bit: 4, q_group_size: GROUP, version: 'GEMM' }, awqTensors(matrix)],
  ] as const) {
    const folder = await folderOf(t, null, tensors);
    await t.rejects(readWeight(folder, [OUT, IN], [[0, OUT]]), { message: /weight' is missing/ });
    await writeFile(join(folder, file), JSON.stringify(own));
    t.same(await readWeight(folder, [OUT, IN], [[0, OUT]]), weightOf(matrix));
  }
  const values = f32([1, 1], [1]);
  const plain = await folderOf(t, null, { weight: values });
  await writeFile(join(plain, 'quant_config.json'), JSON.stringify({ w_bit: 3 }));
  t.same(await readWeight(plain, [1, 1], [[0, 1]]), Float32Array.of(1), 'nothing is packed');
});

t.test('modules with a plain weight stay as they are', async (t) => {
  const values = Float32Array.from({ length: 6 }, (_, i) => i);
  for (const quant_method of ['gptq', 'awq', 'bitsandbytes']) {
    const folder = await folderOf(t, { quant_method, bits: 4 }, { weight: f32([2, 3], values) });
    t.same(await readWeight(folder, [2, 3], [[0, 2]]), values);
  }
});

/** The folder's weight is the matrix, read whole and in pieces that begin and end within words. */
async function readsAs(t: Test, config: object, tensors: Tensors, matrix: Matrix): Promise<void> {
  const folder = await folderOf(t, { quant_method: 'gptq', ...config }, tensors);
  const expected = weightOf(matrix);
  for (const cuts of [
    [0, OUT],
    [0, 5, 37, 38, OUT],
  ]) {
    const pieces = cuts.slice(1).map((end, i) => [cuts[i] ?? 0, end] as const);
    t.same(await readWeight(folder, [OUT, IN], pieces), expected, JSON.stringify(config));
  }
}
