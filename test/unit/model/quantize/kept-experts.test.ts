import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { randomBits } from '../../../../src/core/clock.js';
import { readDecoder } from '../../../../src/model/families/registry.js';
import { planDemands } from '../../../../src/model/plan/demands.js';
import { checkDecodeBits, checkPrefillBits } from '../bit-checks.js';
import { goldenFolder } from '../golden.js';
import { numKept } from '../kept-count.js';
import { keptKl } from '../kept-kl.js';
import { f32, type FileTensor, safetensorsFile } from '../safetensors-file.js';
import { prepareHere } from '../same-answers.js';
import { halves, words } from '../source/quantized/one-module.js';

/** Columns of a group: with so many a product of one row has other last bits than one of two. */
const GROUP = 64;
const NUM_EXPERTS = 6;
const LARGEST_KL = 0.05;
/** AWQ's tools leave the embedding, the head, routers, norms and biases as they are. */
const QUANTISED = /(self_attn|mlp|experts\.\d+|shared_expert)\.\w+_proj\.weight$/;

const inputIds = Array.from({ length: 40 }, (_, i) => (i * 23 + 5) % 64);

t.test(
  'experts keep their codes, and a row its bits, however many rows its expert has',
  async (t) => {
    const folder = await awqModel(t);
    const cacheDir = join(t.testdirName, 'cache');
    // Attention's two, and two of each expert and of the shared one.
    t.equal(await numKept(folder), 2 + 2 * (NUM_EXPERTS + 1));
    const prepared = await prepareHere(t, { folder, quantization: 'int4', cacheDir });
    await checkPrefillBits(t, prepared, inputIds);
    await checkDecodeBits(t, prepared, inputIds);
    const kl = await keptKl(t, { folder, inputIds, cacheDir });
    // A near tie between experts may fall the other way.
    t.ok(kl > 0 && kl < LARGEST_KL, `KL ${kl}`);
  },
);

/** A mixture of experts in AWQ's form, of random codes. */
async function awqModel(t: Test): Promise<string> {
  const folder = t.testdir({});
  const base = join(goldenFolder('qwen2-moe-blocks'), 'config.json');
  const config = {
    ...(JSON.parse(await readFile(base, 'utf8')) as object),
    hidden_size: GROUP,
    intermediate_size: GROUP,
    moe_intermediate_size: GROUP,
    shared_expert_intermediate_size: GROUP,
    num_experts: NUM_EXPERTS,
    num_hidden_layers: 1,
    mlp_only_layers: [],
    quantization_config: { quant_method: 'awq', bits: 4, group_size: GROUP, version: 'gemm' },
  };
  const tensors: Record<string, FileTensor> = {};
  const next = randomBits(11);
  for (const { checkpoint: name, shape } of planDemands(readDecoder(config).plan)) {
    if (QUANTISED.test(name)) Object.assign(tensors, awqParts(name, shape, next));
    else tensors[name] = randomTensor(name, shape, next);
  }
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await writeFile(join(folder, 'model.safetensors'), safetensorsFile(tensors));
  return folder;
}

function awqParts(
  weight: string,
  [out = 0, width = 0]: readonly number[],
  next: () => number,
): Record<string, FileTensor> {
  const module = weight.slice(0, -'.weight'.length);
  const groups = Math.ceil(width / GROUP);
  const codes = Array.from({ length: (width * out) / 8 }, () => next() | 0);
  const scales = Float32Array.from({ length: groups * out }, () => 0.02 + next() / 2 ** 37);
  return {
    [`${module}.qweight`]: words([width, out / 8], codes),
    [`${module}.qzeros`]: words([groups, out / 8], new Array(groups * (out / 8)).fill(0x77777777)),
    [`${module}.scales`]: halves([groups, out], scales),
  };
}

function randomTensor(name: string, shape: readonly number[], next: () => number): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const middle = name.includes('norm') ? 1 : 0;
  return f32(
    shape,
    Float32Array.from({ length: count }, () => middle + next() / 2 ** 32 - 0.5),
  );
}
