import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { readDecoder } from '../../../../src/model/families/registry.js';
import { keptLinears } from '../../../../src/model/quantize/kept-linears.js';
import { openSource } from '../../../../src/model/source/registry.js';
import { CPU_TARGET } from '../../../../src/model/target.js';
import { numKept } from '../kept-count.js';
import { keptKl, LARGEST_KL } from '../kept-kl.js';
import { f32, type FileTensor } from '../safetensors-file.js';
import { prepareHere } from '../same-answers.js';
import { changeTensors, copyFixture, fixtureFolder } from '../source/quantized/fixtures.js';

/** All its columns lie in orders: one of q, k and v, one of gate and up. */
const FIXTURE = 'gptq-llama-order';
const MLP = 'model.layers.0.mlp';
/** Of each order: qkv, o, gate and up, down. */
const NUM_LINEARS = 4;

const inputIds = Array.from({ length: 40 }, (_, i) => (i * 23 + 5) % 64);
const cacheDir = t.testdir();

/** A model whose columns lie in orders, with another group for each column of one tensor. */
async function withGroups(
  t: Test,
  name: string,
  change: (groups: Int32Array) => Int32Array,
): Promise<string> {
  const folder = await copyFixture(t, 'quantized', FIXTURE);
  await changeTensors(folder, (tensors) => {
    const stored = tensors[name];
    if (stored === undefined) throw new Error(`${name} is not there`);
    const groups = change(new Int32Array(new Uint8Array(stored.data).buffer));
    return { ...tensors, [name]: { ...stored, data: Buffer.from(groups.buffer) } };
  });
  return folder;
}

t.test('parts of one product are kept in one order of columns, or not at all', async (t) => {
  for (const name of [`${MLP}.gate_proj.g_idx`, 'model.layers.0.self_attn.v_proj.g_idx']) {
    t.equal(await numKept(await withGroups(t, name, (groups) => groups)), NUM_LINEARS);
    const folder = await withGroups(t, name, (groups) => groups.reverse());
    t.equal(await numKept(folder), NUM_LINEARS - 1, name);
  }
  const alone = await withGroups(t, `${MLP}.down_proj.g_idx`, (groups) => groups.reverse());
  t.equal(await numKept(alone), NUM_LINEARS, 'one part is as it likes');
});

t.test('gate and up give their outputs in the order that down takes them in', async (t) => {
  const source = openSource(fixtureFolder('quantized', FIXTURE));
  const plan = readDecoder(await source.config()).plan;
  const { linears } = keptLinears(plan, await source.weights(), CPU_TARGET);
  const ordered = [...linears].filter(([, kept]) => kept.kind === 'matrix' && kept.ordersInput);
  t.same(
    ordered.map(([{ name }]) => name),
    ['layers.0.qkv', 'layers.0.o', 'layers.0.gate_up'],
  );
});

t.test('their biases go with them', async (t) => {
  const folder = await copyFixture(t, 'quantized', FIXTURE);
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...config, mlp_bias: true }));
  const bias = (part: string, out: number): Record<string, FileTensor> => ({
    [`${MLP}.${part}.bias`]: f32(
      [out],
      Array.from({ length: out }, (_, i) => Math.sin(i + out + part.length)),
    ),
  });
  const biases = { ...bias('gate_proj', 64), ...bias('up_proj', 64), ...bias('down_proj', 32) };
  await changeTensors(folder, (tensors) => ({ ...tensors, ...biases }));
  const kl = await keptKl(t, { folder, inputIds, cacheDir });
  t.ok(kl < LARGEST_KL, `KL ${kl}`);
});

t.test('groups are kept where a block divides each', async (t) => {
  const name = `${MLP}.down_proj.g_idx`;
  const wider = await withGroups(t, name, (groups) => groups.map((group) => group & 2));
  t.equal(await numKept(wider), NUM_LINEARS);
  const kl = await keptKl(t, { folder: wider, inputIds, cacheDir });
  t.ok(kl < LARGEST_KL, `KL ${kl}`);
  const odd = await withGroups(t, name, (groups) => {
    const moved = groups.indexOf(0);
    return groups.map((group, column) => (column === moved ? 1 : group));
  });
  t.equal(await numKept(odd), NUM_LINEARS - 1);
  await t.resolves(prepareHere(t, { folder: odd, quantization: 'int4', cacheDir }));
});

t.test('a group that is none is a sentence', async (t) => {
  for (const group of [4, -1, 2 ** 31 - 1]) {
    const folder = await withGroups(t, `${MLP}.down_proj.g_idx`, (groups) => groups.fill(group, 3));
    await t.rejects(prepareHere(t, { folder, quantization: 'int4', cacheDir }), {
      code: 'bad_checkpoint',
      message: new RegExp(
        `^Tensor '.*down_proj\\.g_idx' in .* names group ${group}; there are 4\\.$`,
      ),
    });
  }
});
