import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { openSource } from '../../../../../src/model/source/registry.js';
import { openCheckpoint } from '../../../../../src/model/source/safetensors.js';
import { findWeight } from '../../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../../src/model/weights/input-files.js';
import { readFloats } from '../../../../../src/model/weights/stored-rows.js';
import { goldenFolder, readGolden } from '../../golden.js';
import { f32, safetensorsFile, type FileTensor } from '../../safetensors-file.js';
import { compareAnswers, prepareHere } from '../../same-answers.js';
import { changeConfig, changeTensors, copyFixture, type Tensors, without } from './fixtures.js';

const BLOCK = [32, 48] as const;
const cacheDir = t.testdir();

/** Numbers of `[out, in]` in FP8, each block with its own scale, and what they are in f32. */
interface Quantised {
  readonly codes: FileTensor;
  readonly scales: FileTensor;
  readonly plain: FileTensor;
}

t.test('blocks of FP8 compute what their products do, in every format', async (t) => {
  for (const name of ['llama-blocks', 'qwen2-moe-blocks']) {
    const { quantised, plain } = await makeFolders(t, name);
    const { inputIds } = await readGolden(name);
    for (const quantization of ['none', 'int8', 'int4', 'w8a8_int8'] as const) {
      const pair = { model: quantised, reference: plain, inputIds, within: 0, quantization };
      await compareAnswers(t, cacheDir, pair);
    }
  }
});

t.test('a quantised checkpoint is kept, and known again', async (t) => {
  const { quantised } = await makeFolders(t);
  const own = join(t.testdirName, 'cache');
  const prepare = async (): Promise<boolean | undefined> => {
    const made = await prepareHere(t, { folder: quantised, quantization: 'int8', cacheDir: own });
    return made.info.quantization?.cacheHit;
  };
  t.equal(await prepare(), false);
  t.equal(await prepare(), true);
  await changeTensors(quantised, (tensors) => {
    const [name] = Object.keys(tensors).filter((name) => name.endsWith('weight_scale_inv'));
    const scales = tensors[name ?? ''];
    if (scales !== undefined) scales.data.writeFloatLE(9, 0);
    return tensors;
  });
  t.equal(await prepare(), false, 'other scales are other weights');
});

const BROKEN: readonly [what: string, change: (tensors: Tensors) => Tensors, message: RegExp][] = [
  [
    'scales that are missing',
    (tensors) => without(tensors, 'model.layers.0.mlp.up_proj.weight_scale_inv'),
    /^Tensor 'model\.layers\.0\.mlp\.up_proj\.weight_scale_inv' is missing beside '.*up_proj\.weight' in .*safetensors\.$/,
  ],
  [
    'scales of another shape',
    (tensors) => ({ ...tensors, 'model.layers.0.mlp.up_proj.weight_scale_inv': f32([1, 1], [1]) }),
    /up_proj\.weight_scale_inv' in .* has shape \[1, 1\], not \[\d+, \d+\]: '.*' has blocks of 32 by 48\.$/,
  ],
  [
    'scales that are no floats',
    (tensors) => ({
      ...tensors,
      'model.layers.0.mlp.up_proj.weight_scale_inv': {
        dtype: 'U8',
        shape: [1, 1],
        data: Buffer.alloc(1),
      },
    }),
    /up_proj\.weight_scale_inv' in .* has dtype U8, not F32 or BF16 or F16 or F8_E8M0\.$/,
  ],
];

for (const [what, change, message] of BROKEN) {
  t.test(`${what} are a sentence`, async (t) => {
    const { quantised } = await makeFolders(t);
    await changeTensors(quantised, change);
    await t.rejects(prepareHere(t, { folder: quantised, quantization: 'none', cacheDir }), {
      message,
    });
  });
}

t.test('what is not known of a quantised checkpoint is refused', async (t) => {
  const { quantised } = await makeFolders(t);
  const refused = async (config: unknown, message: RegExp): Promise<void> => {
    await changeConfig(quantised, config);
    await t.rejects(openSource(quantised).weights(), { message });
  };
  await refused({ quant_method: 'mystery' }, /"quant_method" 'mystery' is not supported\. Supp/);
  await refused({ quant_method: 'fp8', weight_block_size: [0, 1] }, /"weight_block_size" must be/);
  await refused({}, /"quant_method" '' is not supported/);
});

async function makeFolders(
  t: Test,
  name = 'llama-blocks',
): Promise<{ quantised: string; plain: string }> {
  const folder = t.testdir({ quantised: {}, plain: {}, cache: {} });
  const [quantised, plain] = [join(folder, 'quantised'), join(folder, 'plain')];
  const from = goldenFolder(name);
  const checkpoint = await openCheckpoint(from);
  const ours: Record<string, FileTensor> = {};
  const theirs: Record<string, FileTensor> = {};
  const files = new InputFiles();
  for (const [name, { shape }] of checkpoint.tensors) {
    const values = readFloats(files, findWeight(checkpoint, name, shape), 0, shape[0] ?? 0);
    if (/proj\.weight$/.test(name)) {
      const made = quantise(shape, ours);
      ours[name] = made.codes;
      ours[`${name}_scale_inv`] = made.scales;
      theirs[name] = made.plain;
    } else ours[name] = theirs[name] = f32(shape, values);
  }
  files.close();
  for (const folder of [quantised, plain]) {
    await cp(join(from, 'config.json'), join(folder, 'config.json'));
  }
  await changeConfig(quantised, { quant_method: 'fp8', weight_block_size: BLOCK });
  await writeFile(join(quantised, 'model.safetensors'), safetensorsFile(ours));
  await writeFile(join(plain, 'model.safetensors'), safetensorsFile(theirs));
  return { quantised, plain };
}

/** Codes that go through all finite numbers, so that every one is read once. */
function quantise([out = 1, width = 1]: readonly number[], before: object): Quantised {
  const [blockRows, blockColumns] = BLOCK;
  const groups = Math.ceil(width / blockColumns);
  const seed = Object.keys(before).length * 31;
  const codes = Buffer.from(
    Array.from({ length: out * width }, (_, i) => {
      const code = (i * 7 + seed) & 0xff;
      return (code & 0x7f) === 0x7f ? 0 : code;
    }),
  );
  const scales = Float32Array.from(
    { length: Math.ceil(out / blockRows) * groups },
    (_, i) => 0.0005 * (1 + ((i * 13 + seed) % 11)),
  );
  const plain = Float32Array.from(codes, (code, i) => {
    const row = Math.floor(Math.floor(i / width) / blockRows);
    const scale = scales[row * groups + Math.floor((i % width) / blockColumns)] ?? NaN;
    return e4m3(code) * scale;
  });
  return {
    codes: { dtype: 'F8_E4M3', shape: [out, width], data: codes },
    scales: f32([scales.length / groups, groups], scales),
    plain: f32([out, width], plain),
  };
}

/** By the table of the OCP specification: a sign, four bits of exponent, three of fraction. */
function e4m3(code: number): number {
  const bits = code.toString(2).padStart(8, '0');
  const exponent = parseInt(bits.slice(1, 5), 2);
  const fraction = parseInt(bits.slice(5), 2) / 8;
  const magnitude = exponent === 0 ? fraction / 64 : (1 + fraction) * 2 ** (exponent - 7);
  return bits.startsWith('1') ? -magnitude : magnitude;
}

t.test('one scale for a weight, or one for each row, and nothing between', async (t) => {
  const up = 'model.layers.0.mlp.up_proj.weight';
  const read = async (scales: FileTensor): Promise<unknown> => {
    const folder = await copyFixture(t, 'fp8', 'qwen2-autofp8');
    await changeTensors(folder, (tensors) => ({ ...tensors, [`${up}_scale`]: scales }));
    return (await openSource(folder).weights()).tensors.get(up);
  };
  t.match(await read(f32([1, 1], [2])), { packing: { block: [32, 32] } });
  t.match(await read(f32([32], new Float32Array(32))), { packing: { block: [1, 32] } });
  t.match(await read(f32([32, 1], new Float32Array(32))), { packing: { block: [1, 32] } });
  const message =
    /up_proj\.weight_scale' in .* has shape \[1, 32\], not \[32, 1\]: '.*' has so many rows\.$/;
  await t.rejects(read(f32([1, 32], new Float32Array(32))), { message });
  const folder = await copyFixture(t, 'fp8', 'llama-fbgemm');
  await changeConfig(folder, { quant_method: 'fp8', weight_block_size: null });
  await changeTensors(folder, (tensors) => {
    return { ...without(tensors, `${up}_scale`), [`${up}_scale_inv`]: f32([], [3]) };
  });
  const inverse = (await openSource(folder).weights()).tensors.get(up);
  t.match(inverse, { packing: { block: [32, 32] } }, 'as Mistral has it');
  await changeTensors(folder, (tensors) => without(tensors, `${up}_scale_inv`));
  await t.rejects(openSource(folder).weights(), { message: /up_proj\.weight_scale' is missing/ });
});
