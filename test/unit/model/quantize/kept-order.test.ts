import t, { type Test } from 'tap';

import { numKept } from '../kept-count.js';
import { prepareHere } from '../same-answers.js';
import { changeTensors, copyFixture } from '../source/quantized/fixtures.js';

const MLP = 'model.layers.0.mlp';
/** Of each order: qkv, o, gate and up, down. */
const NUM_LINEARS = 4;

const cacheDir = t.testdir();

/** A model whose columns lie in orders, with another group for each column of one tensor. */
async function withGroups(
  t: Test,
  name: string,
  change: (groups: Int32Array) => Int32Array,
): Promise<string> {
  const folder = await copyFixture(t, 'quantized', 'gptq-llama-order');
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

t.test('groups that are not of one size are rounded', async (t) => {
  const folder = await withGroups(t, `${MLP}.down_proj.g_idx`, (groups) => {
    return groups.map((group, column) => (column === groups.indexOf(0) ? 1 : group));
  });
  t.equal(await numKept(folder), NUM_LINEARS - 1);
  await t.resolves(prepareHere(t, { folder, quantization: 'int4', cacheDir }));
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
