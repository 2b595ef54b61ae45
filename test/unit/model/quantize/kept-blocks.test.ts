import { join } from 'node:path';
import t from 'tap';

import { parseConfig, planFor } from '../../../../src/model/families/registry.js';
import { keptLinears } from '../../../../src/model/quantize/kept-linears.js';
import { openSource } from '../../../../src/model/source/registry.js';
import { targetFor } from '../../../../src/model/target.js';
import { findWeight } from '../../../../src/model/weights/find-weight.js';
import { InputFiles } from '../../../../src/model/weights/input-files.js';
import { keptBlocks, readKeptRows } from '../../../../src/model/weights/kept-blocks.js';
import { readFloats } from '../../../../src/model/weights/stored-rows.js';
import { checkDecodeBits, checkPrefillBits } from '../bit-checks.js';
import { goldenFolder } from '../golden.js';
import { numKept } from '../kept-count.js';
import { GraphRunner } from '../run-graph.js';
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
};

/** What is still rounded is what goes in, and the head. */
const LARGEST_KL = 0.002;

const inputIds = Array.from({ length: 40 }, (_, i) => (i * 7 + 3) % 32);
const cacheDir = t.testdir();

for (const [name, [count, isWhole]] of Object.entries(KEPT)) {
  const model = join(FIXTURES, name);

  t.test(`${name}: kept codes are the weights, to the bit`, async (t) => {
    t.equal(await numKept(model), count);
    const source = openSource(model);
    const plan = planFor(parseConfig(await source.config()));
    const checkpoint = await source.weights();
    const files = new InputFiles();
    for (const { parts, in: columns } of keptLinears(plan, checkpoint, targetFor(CPU, 'f32'))) {
      for (const { weight, out } of parts) {
        const tensor = findWeight(checkpoint, weight, [out, columns]);
        const blocks = keptBlocks(tensor.packing, columns);
        if (blocks === null) throw new Error(`${weight} is not kept`);
        // A piece that begins and ends inside of words.
        const rows = { begin: 3, end: out - 1 };
        const kept = readKeptRows(files, tensor, blocks, rows);
        const theirs = readFloats(files, tensor, rows.begin, rows.end);
        const ours = unpack(kept, columns, blocks.blockSize);
        const isSame = theirs.every((x, i) => x === ours[i]);
        t.ok(isSame && ours.length === theirs.length, weight);
      }
    }
    files.close();
  });

  t.test(`${name}: as int4 it gives the same bits in every way`, async (t) => {
    const rowsOf = async (quantization: 'none' | 'int4'): Promise<readonly Float32Array[]> => {
      const prepared = await prepareHere(t, { folder: model, quantization, cacheDir });
      if (quantization === 'int4') {
        await checkPrefillBits(t, prepared, inputIds);
        await checkDecodeBits(t, prepared, inputIds);
      }
      const runner = await GraphRunner.create(prepared, { slots: 1 });
      return runner.extend(0, 0, inputIds, null);
    };
    const [exact, kept] = [await rowsOf('none'), await rowsOf('int4')];
    const kl = meanKl(kept, exact);
    t.ok(kl > 0 && (!isWhole || kl < LARGEST_KL), `KL ${kl}`);
  });
}

t.test('a row may be computed alone where that is asked for, and the model says so', async (t) => {
  const nodesOf = async (folder: string, allowsLoneRows: boolean): Promise<[number, unknown]> => {
    const quantization = 'int4';
    const made = await prepareHere(t, { folder, quantization, cacheDir, allowsLoneRows });
    return [made.graph.length, made.isBatchInvariant];
  };
  const kept = join(FIXTURES, 'quantized', 'awq-llama');
  const [even, own] = [await nodesOf(kept, false), await nodesOf(kept, true)];
  t.ok(own[0] < even[0], 'no rows are added');
  t.same([even[1], own[1]], [true, false]);
  // Blocks of 16 give the same bits in any case: there is nothing to gain.
  const rounded = goldenFolder('llama-blocks');
  t.same(await nodesOf(rounded, true), await nodesOf(rounded, false));
});

const CPU = { device: 'cpu', dtype: 'auto' } as const;

t.test(
  'no linear is kept on a GPU, beside experts, or whose columns lie in an order',
  async (t) => {
    const source = openSource(join(FIXTURES, 'quantized', 'awq-llama'));
    const plan = planFor(parseConfig(await source.config()));
    const gpu = targetFor({ device: 'webgpu', dtype: 'auto' }, 'f16');
    t.equal(keptLinears(plan, await source.weights(), gpu).size, 0);
    for (const name of ['quantized/gptq-qwen2-moe', 'compressed/llama-w4a16-actorder']) {
      t.equal(await numKept(join(FIXTURES, name)), 0, name);
    }
  },
);

/** `(code - zero) * scale` of each number. */
function unpack(
  { weight, scales, zeroPoints }: ReturnType<typeof readKeptRows>,
  columns: number,
  blockSize: number,
): Float32Array {
  const blocksOfRow = columns / blockSize;
  return Float32Array.from({ length: 2 * weight.length }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const block = Math.floor(column / blockSize);
    const zeros = zeroPoints[row * Math.ceil(blocksOfRow / 2) + (block >> 1)] ?? 0;
    const code = ((weight[i >> 1] ?? 0) >> (4 * (i & 1))) & 15;
    const zero = (zeros >> (4 * (block & 1))) & 15;
    return (code - zero) * (scales[row * blocksOfRow + block] ?? NaN);
  });
}

function meanKl(actual: readonly Float32Array[], expected: readonly Float32Array[]): number {
  const rows = expected.map((row, at) =>
    row.reduce((sum, x, id) => sum + Math.exp(x) * (x - (actual[at]?.[id] ?? NaN)), 0),
  );
  return rows.reduce((sum, kl) => sum + kl, 0) / rows.length;
}
