import { join } from 'node:path';
import t from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { keptLinears, type KeptLinear } from '../../../../src/model/quantize/kept-linears.js';
import type { Quantization } from '../../../../src/model/quantize/format.js';
import { openSource } from '../../../../src/model/source/registry.js';
import { CPU_TARGET, targetFor } from '../../../../src/model/target.js';
import { findWeight } from '../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../src/model/weights/input-files.js';
import type { KeptBlocks } from '../../../../src/model/weights/kept-blocks.js';
import { readKeptRows } from '../../../../src/model/weights/kept-rows.js';
import { readFloats } from '../../../../src/model/weights/stored-rows.js';
import { checkDecodeBits, checkPrefillBits } from '../bit-checks.js';
import { goldenFolder } from '../golden.js';
import { numKept } from '../kept-count.js';
import { keptKl, LARGEST_KL } from '../kept-kl.js';
import { unpackKept } from '../kept-numbers.js';
import { prepareHere } from '../same-answers.js';

const FIXTURES = join('test', 'fixtures');

/** Models of which `int4` keeps linears, how many, and whether all others but the head have eight bits. */
const KEPT: Readonly<Record<string, readonly [count: number, isWhole: boolean]>> = {
  'gguf/models/llama-blocks-q4_0.gguf': [8, true],
  'gguf/models/llama-blocks-q4_1_m.gguf': [7, true],
  'gguf/models/qwen3-moe-blocks-q4_1.gguf': [10, true],
  'quantized/awq-llama': [4, true],
  'quantized/awq-qwen2': [4, true],
  'quantized/awq-qwen3': [3, false],
  'quantized/gptq-llama-bits': [3, true],
  'quantized/gptq-llama-asym-v2': [3, true],
  'compressed/qwen2-w4a16-asym': [4, false],
  'compressed/llama-w4a16-actorder': [2, false],
  'quantized/gptq-llama-order': [4, true],
  'quantized/gptq-qwen3-head': [3, false],
  'quantized/gptq-qwen2-moe': [12, true],
  'compressed/qwen2-moe-w4a16': [10, true],
};

const inputIds = Array.from({ length: 40 }, (_, i) => (i * 7 + 3) % 32);
const cacheDir = t.testdir();

for (const [name, [count, isWhole]] of Object.entries(KEPT)) {
  const model = join(FIXTURES, name);

  t.test(`${name}: kept codes are the weights`, async (t) => {
    t.equal(await numKept(model), count);
    const source = openSource(model);
    const plan = readDecoder(await source.config()).plan;
    const checkpoint = await source.weights();
    const files = new InputFiles();
    for (const [linear, kept] of keptLinears(plan, checkpoint, CPU_TARGET).linears) {
      for (const [part, { weight, out }] of linear.parts.entries()) {
        const blocks = blocksOf(kept, part);
        if (blocks === null) continue;
        const tensor = findWeight(checkpoint, weight, [out, linear.in]);
        // A piece that begins and ends inside of words.
        const rows = { begin: 3, end: out - 1 };
        const ours = unpackKept(readKeptRows(files, tensor, blocks, rows), linear.in, blocks);
        const theirs = readFloats(files, tensor, rows.begin, rows.end);
        const within = blocks.hasMinima ? 0.002 : 0;
        const isSame = theirs.every((x, i) => Math.abs(x - (ours[i] ?? NaN)) <= within);
        t.ok(isSame && ours.length === theirs.length, weight);
      }
    }
    files.close();
  });

  t.test(`${name}: as int4 it gives the same bits in every way`, async (t) => {
    const prepared = await prepareHere(t, { folder: model, quantization: 'int4', cacheDir });
    await checkPrefillBits(t, prepared, inputIds);
    await checkDecodeBits(t, prepared, inputIds);
    const kl = await keptKl(t, { folder: model, inputIds, cacheDir });
    t.ok(kl > 0 && (!isWhole || kl < LARGEST_KL), `KL ${kl}`);
  });
}

t.test('a row may be computed alone where that is asked for, and the model says so', async (t) => {
  let quantization: Quantization = 'int4';
  const nodesOf = async (folder: string, allowsLoneRows: boolean): Promise<[number, unknown]> => {
    const made = await prepareHere(t, { folder, quantization, cacheDir, allowsLoneRows });
    return [made.graph.length, made.isBatchInvariant];
  };
  const kept = join(FIXTURES, 'quantized', 'awq-llama');
  const [even, own] = [await nodesOf(kept, false), await nodesOf(kept, true)];
  t.ok(own[0] < even[0], 'no rows are added');
  t.same([even[1], own[1]], [true, false]);
  const rounded = goldenFolder('llama-blocks');
  t.same((await nodesOf(rounded, true))[1], false, 'of large blocks that Radish made, too');
  // Blocks of 16 give the same bits in any case: there is nothing to gain.
  quantization = 'int8';
  t.same(await nodesOf(rounded, true), await nodesOf(rounded, false));
});

const MIXED = join(FIXTURES, 'gguf', 'models', 'llama-blocks-q4_1_m.gguf');

t.test('what is finer beside blocks that are kept has eight bits, part by part', async (t) => {
  const made = await prepareHere(t, { folder: MIXED, quantization: 'int4', cacheDir });
  const { store } = made.quantized ?? {};
  if (store === undefined) throw new Error('it is not quantised');
  const { 'layers.0.qkv': qkv, 'layers.0.down': down, 'layers.1.down': other } = store.map.linears;
  const kept = { format: 'int4', blockSize: 32, sumColumns: 4 };
  const finer = { format: 'int8', blockSize: 32 };
  t.match(qkv, { format: 'parts', parts: [kept, kept, finer] });
  t.match([down, other], [finer, kept]);
  t.equal(store.tensor('embedding').dtype, 'f16', 'of blocks that is enough');
  t.same(made.info.kept?.byKind?.['down'], [1, 2]);
});

t.test('where more is finer than could be kept, nothing is', async (t) => {
  const source = openSource(MIXED);
  const plan = readDecoder(await source.config()).plan;
  const weights = await source.weights();
  const finer = [...weights.tensors].map(([name, tensor]) => {
    const isMlp = tensor.packing?.kind === 'blocks' && name.includes('mlp');
    const packing = isMlp ? { ...tensor.packing, encoding: 'Q8_0' as const } : tensor.packing;
    return [name, { ...tensor, packing }] as const;
  });
  const checkpoint = { ...weights, tensors: new Map(finer) };
  t.equal(keptLinears(plan, checkpoint, CPU_TARGET).linears.size, 0);
});

t.test('no linear is kept on a GPU', async (t) => {
  const source = openSource(join(FIXTURES, 'quantized', 'awq-llama'));
  const plan = readDecoder(await source.config()).plan;
  const gpu = targetFor({ device: 'webgpu', dtype: 'auto' }, 'f16');
  t.equal(keptLinears(plan, await source.weights(), gpu).linears.size, 0);
});

/** Null = the part has eight bits. */
function blocksOf(kept: KeptLinear, part: number): KeptBlocks | null {
  if (kept.kind === 'matrix') return kept.parts[part] ?? null;
  return kept.parts[part]?.parts[0] ?? null;
}
