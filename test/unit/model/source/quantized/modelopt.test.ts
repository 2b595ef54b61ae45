import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import type { CheckpointTensor } from '../../../../../src/model/source/checkpoint.js';
import { f32, type FileTensor } from '../../safetensors-file.js';
import { compareAnswers } from '../../same-answers.js';
import {
  changeConfig,
  changeTensors,
  copyFixture,
  INPUT_IDS,
  referenceFolder,
} from './fixtures.js';

const UP = 'model.layers.0.mlp.up_proj';

const cacheDir = t.testdir();

t.test('what modelopt says in a file of its own is read', async (t) => {
  const model = await copyFixture(t, 'fp8', 'llama-modelopt');
  await changeConfig(model, null);
  const said = { producer: { name: 'modelopt' }, quantization: { quant_algo: 'FP8' } };
  await writeFile(join(model, 'hf_quant_config.json'), JSON.stringify(said));
  const reference = await referenceFolder(t, 'fp8', 'llama-modelopt');
  await compareAnswers(t, cacheDir, { model, reference, inputIds: INPUT_IDS, within: 0 });
  await writeFile(join(model, 'hf_quant_config.json'), '{"quantization": {"quant_algo": "MAGIC"}}');
  await t.rejects(openSource(model).weights(), {
    message:
      /^hf_quant_config\.json: "quantization": "quant_algo" must be one of FP8, .*, got "MAGIC"$/,
  });
});

t.test('scales are of what their shape says', async (t) => {
  const codes = { dtype: 'F8_E4M3', shape: [256, 160], data: Buffer.alloc(256 * 160) };
  const blockOf = async (...shape: readonly number[]): Promise<unknown> => {
    const count = shape.reduce((product, size) => product * size, 1);
    return (await readUp(t, { weight: codes, weight_scale: f32(shape, new Float32Array(count)) }))
      ?.packing;
  };
  t.match(await blockOf(), { block: [256, 160] });
  t.match(await blockOf(256), { block: [1, 160] });
  t.match(await blockOf(256, 5), { block: [1, 32] });
  t.match(await blockOf(2, 1, 2, 1), { block: [128, 128] });
  await t.rejects(blockOf(256, 3), {
    message: /up_proj\.weight_scale' in .* has 3 scales a row, which do not divide 160 columns\.$/,
  });
  await t.rejects(blockOf(2, 1, 1, 1), { message: /not \[2, 1, 2, 1\]: blocks of 128 by 128 sh/ });
  await t.rejects(blockOf(128, 5), { message: /not \[256, 5\]: each row has the same groups\.$/ });
});

t.test('what is not a weight and its scales is a sentence', async (t) => {
  const codes = { dtype: 'U8', shape: [32, 16], data: Buffer.alloc(32 * 16) };
  const scales = { dtype: 'F8_E4M3', shape: [32, 2], data: Buffer.alloc(64) };
  const factors = f32([2], [1, 1]);
  await t.rejects(readUp(t, { weight: codes, weight_scale: scales, weight_scale_2: factors }), {
    message:
      /up_proj\.weight_scale_2' in .* has shape \[2\], not \[1\]: it is one for all scales\.$/,
  });
  await t.rejects(readUp(t, { weight: codes, weight_scale: scales }), {
    message:
      /up_proj\.weight_scale' in .* has dtype F8_E4M3, not F32 or BF16 or F16 or U8 or F8_E8M0\.$/,
  });
  await t.rejects(readUp(t, { weight: codes, pre_quant_scale: f32([32], new Float32Array(32)) }), {
    message: /^Tensor '.*up_proj\.pre_quant_scale' in .* scales inputs, which is not supported\.$/,
  });
});

/** The weight of `up_proj`, whose tensors are these and no others. */
async function readUp(
  t: Test,
  parts: Readonly<Record<string, FileTensor>>,
): Promise<CheckpointTensor | undefined> {
  const folder = await copyFixture(t, 'fp8', 'llama-modelopt');
  await changeTensors(folder, (tensors) => {
    const others = Object.entries(tensors).filter(([name]) => !name.startsWith(`${UP}.`));
    const own = Object.entries(parts).map(([ending, part]) => [`${UP}.${ending}`, part] as const);
    return Object.fromEntries([...others, ...own]);
  });
  return (await openSource(folder).weights()).tensors.get(`${UP}.weight`);
}
