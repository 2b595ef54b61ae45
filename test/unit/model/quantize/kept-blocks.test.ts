import { join } from 'node:path';
import t from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { keptLinears } from '../../../../src/model/quantize/kept-linears.js';
import type { Quantization } from '../../../../src/model/quantize/format.js';
import { openSource } from '../../../../src/model/source/registry.js';
import { CPU_TARGET, targetFor } from '../../../../src/model/target.js';
import { findWeight } from '../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../src/model/weights/input-files.js';
import { type KeptBlocks, readKeptRows } from '../../../../src/model/weights/kept-blocks.js';
import { readFloats } from '../../../../src/model/weights/stored-rows.js';
import { checkDecodeBits, checkPrefillBits } from '../bit-checks.js';
import { goldenFolder } from '../golden.js';
import { numKept } from '../kept-count.js';
import { keptKl, LARGEST_KL } from '../kept-kl.js';
import { prepareHere } from '../same-answers.js';

const FIXTURES = join('test', 'fixtures');

/** Models of which `int4` keeps linears, how many, and whether these are all but the head. */
const KEPT: Readonly<Record<string, readonly [count: number, isWhole: boolean]>> = {
  'gguf/models/llama-blocks-q4_0.gguf': [8, true],
  'quantized/awq-llama': [4, true],
  'quantized/awq-qwen2': [4, true],
  'quantized/awq-qwen3': [3, false],
  'quantized/gptq-llama-bits': [1, false],
  'quantized/gptq-llama-asym-v2': [1, false],
  'compressed/qwen2-w4a16-asym': [3, false],
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

  t.test(`${name}: kept codes are the weights, to the bit`, async (t) => {
    t.equal(await numKept(model), count);
    const source = openSource(model);
    const plan = readDecoder(await source.config()).plan;
    const checkpoint = await source.weights();
    const files = new InputFiles();
    for (const [linear, kept] of keptLinears(plan, checkpoint, CPU_TARGET)) {
      for (const [part, { weight, out }] of linear.parts.entries()) {
        const tensor = findWeight(checkpoint, weight, [out, linear.in]);
        const blocks = kept.parts[part];
        if (blocks === undefined) throw new Error(`${weight} is not kept`);
        // A piece that begins and ends inside of words.
        const rows = { begin: 3, end: out - 1 };
        const ours = unpack(readKeptRows(files, tensor, blocks, rows), linear.in, blocks);
        const theirs = readFloats(files, tensor, rows.begin, rows.end);
        const isSame = theirs.every((x, i) => x === ours[i]);
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

t.test('no linear is kept on a GPU', async (t) => {
  const source = openSource(join(FIXTURES, 'quantized', 'awq-llama'));
  const plan = readDecoder(await source.config()).plan;
  const gpu = targetFor({ device: 'webgpu', dtype: 'auto' }, 'f16');
  t.equal(keptLinears(plan, await source.weights(), gpu).size, 0);
});

/** `(code - zero) * scale` of each number, in the place where its column is stored. */
function unpack(
  { weight, scales, zeroPoints }: ReturnType<typeof readKeptRows>,
  width: number,
  { blockSize, columns }: KeptBlocks,
): Float32Array {
  const blocksOfRow = width / blockSize;
  const numbers = new Float32Array(2 * weight.length);
  for (let i = 0; i < numbers.length; i++) {
    const [row, at] = [Math.floor(i / width), i % width];
    const block = Math.floor(at / blockSize);
    const zeros = zeroPoints[row * Math.ceil(blocksOfRow / 2) + (block >> 1)] ?? 0;
    const code = ((weight[i >> 1] ?? 0) >> (4 * (i & 1))) & 15;
    const zero = (zeros >> (4 * (block & 1))) & 15;
    const column = columns?.[at] ?? at;
    numbers[row * width + column] = (code - zero) * (scales[row * blocksOfRow + block] ?? NaN);
  }
  return numbers;
}
