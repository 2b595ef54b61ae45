import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';

import { readAdapter } from '../../../../src/model/lora/read-adapter.js';
import { adapterFolder, prepareWithLora } from './lora-golden.js';

const FILE = 'adapter_model.safetensors';
const HEAD = 'base_model.model.lm_head.base_layer.weight';

type Header = Record<string, { shape: number[]; data_offsets: [number, number] }>;

/** An adapter of the table and the head, which has copies of both, with another header or other bytes. */
async function changed(
  t: Test,
  change: (header: Header, bytes: Buffer) => void,
): Promise<() => Promise<unknown>> {
  const folder = t.testdir();
  await cp(adapterFolder('blocks-ends'), folder, { recursive: true });
  const file = await readFile(join(folder, FILE));
  const end = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, end).toString()) as Header;
  const bytes = file.subarray(end);
  change(header, bytes);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(join(folder, FILE), Buffer.concat([size, text, bytes]));
  const { lora: recipe } = await prepareWithLora('llama-blocks');
  if (recipe === null) throw new Error('the model takes no adapters');
  return () => readAdapter({ folder, recipe, maxRank: 64, maxBytes: Infinity });
}

const headOf = (header: Header) => header[HEAD] ?? { shape: [], data_offsets: [0, 0] };

t.test('copies of the model are passed over', async (t) => {
  await t.resolves((await changed(t, () => undefined))());
});

t.test('a copy may have been rounded, and not changed', async (t) => {
  const scaled = (factor: number) =>
    changed(t, (header, bytes) => {
      const [begin] = headOf(header).data_offsets;
      bytes.writeFloatLE(bytes.readFloatLE(begin) * factor, begin);
    });
  await t.resolves((await scaled(1 + 2 ** -9))());
  await t.rejects((await scaled(1.1))(), { message: /lm_head.* is a whole module that differs/ });
  await t.rejects((await scaled(NaN))(), { message: /is a whole module that differs/ });
});

t.test('a copy of another size', async (t) => {
  const read = await changed(t, (header) => {
    const head = headOf(header);
    head.shape = [(head.shape[0] ?? 0) / 2, 2 * (head.shape[1] ?? 0)];
  });
  await t.rejects(read(), { message: /a table that was resized is not supported/ });
});

t.test('what the model has and an adapter of it does not copy', async (t) => {
  for (const [name, why] of [
    ['base_model.model.model.norm.weight', /is a whole module in the place of the model's own/],
    ['base_model.model.model.layers.0.self_attn.q_proj.bias', /is a trained bias in the place/],
    ['base_model.model.lm_head.lora_magnitude_vector.weight', /is of DoRA/],
    ['base_model.model.lm_head.lora_B.bias', /is a bias in B/],
    ['base_model.model.lm_head.other', /is no lora_A and no lora_B of a layer/],
  ] as const) {
    const read = await changed(t, (header) => {
      const { [HEAD]: own } = header;
      if (own === undefined) throw new Error('there is no copy');
      Reflect.deleteProperty(header, HEAD);
      header[name] = own;
    });
    await t.rejects(read(), { message: why });
  }
});
