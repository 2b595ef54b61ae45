import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t, { type Test } from 'tap';

import { ModelLoadError } from '../../../../src/model/load-error.js';
import { INDEX_FILE, openCheckpoint } from '../../../../src/model/source/safetensors.js';
import { rawFile, safetensorsFile, zeros } from '../safetensors-file.js';

const GOOD = safetensorsFile({ a: zeros([2, 3]), b: zeros([4]) });

async function folderWith(test: Test, files: Record<string, Buffer | string>): Promise<string> {
  const folder = test.testdir({});
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function refuses(test: Test, files: Record<string, Buffer | string>, why: RegExp) {
  const error: unknown = await openCheckpoint(await folderWith(test, files)).catch(
    (e: unknown) => e,
  );
  test.ok(error instanceof ModelLoadError, `a ModelLoadError, not ${String(error)}`);
  test.match((error as Error).message, why);
}

const one = (file: Buffer) => ({ 'model.safetensors': file });
const entry = (fields: object) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields });

t.test('a good file gives every tensor its absolute offset', async (t) => {
  const { tensors, files } = await openCheckpoint(await folderWith(t, one(GOOD)));
  t.same([...tensors.keys()], ['a', 'b']);
  t.equal(tensors.get('a')?.offset, GOOD.length - 40);
  t.equal(tensors.get('b')?.offset, GOOD.length - 16);
  t.match(tensors.get('b'), { byteLength: 16, dtype: 'f32', shape: [4] });
  t.equal(files[0]?.bytes, GOOD.length);
});

t.test('a truncated file is refused by the name of the tensor that is cut', async (t) => {
  await refuses(t, one(GOOD.subarray(0, GOOD.length - 1)), /Tensor 'b' in .*truncated/);
  await refuses(t, one(GOOD.subarray(0, 20)), /claims a header of \d+ bytes, but has only 20/);
  await refuses(t, one(GOOD.subarray(0, 5)), /too short/);
  await refuses(t, one(Buffer.alloc(0)), /too short/);
});

t.test('a header length that lies is refused before anything is allocated', async (t) => {
  const lie = Buffer.from(GOOD);
  lie.writeBigUInt64LE(2n ** 63n);
  await refuses(t, one(lie), /claims a header of 9223372036854775808 bytes/);
  lie.writeBigUInt64LE(3n);
  await refuses(t, one(lie), /not valid JSON/);
});

t.test('byte ranges that overlap, leave gaps or pass the end are refused', async (t) => {
  const data = Buffer.alloc(16);
  const pair = (b: object) => one(rawFile({ a: entry({}), b: entry(b) }, data));
  await refuses(t, pair({ data_offsets: [4, 12] }), /Tensor 'b' in .* overlaps tensor 'a'/);
  await refuses(t, pair({ data_offsets: [0, 8] }), /overlaps/);
  await refuses(
    t,
    pair({ data_offsets: [12, 20] }),
    /Tensor 'b' in .*claims bytes \[12, 20\) of 16/,
  );
  await refuses(t, pair({ data_offsets: [8, 0] }), /claims bytes/);
  await refuses(t, pair({ data_offsets: [-8, 0] }), /bad data_offsets/);
  await refuses(t, one(rawFile({ a: entry({}) }, data)), /8 bytes that belong to no tensor/);
  await refuses(
    t,
    one(rawFile({ a: entry({ data_offsets: [8, 16] }) }, data)),
    /Tensor 'a' in .* leaves a gap after the header/,
  );
});

t.test('a dtype or shape that disagrees with the bytes is refused', async (t) => {
  const bad = (fields: object) => one(rawFile({ a: entry(fields) }, Buffer.alloc(8)));
  await refuses(t, bad({ dtype: 'BF16' }), /Tensor 'a' in .* has 8 bytes, but BF16 \[2\] takes 4/);
  await refuses(t, bad({ dtype: 'F31' }), /unknown dtype "F31"/);
  await refuses(t, bad({ dtype: 'toString' }), /Tensor 'a'/);
  await refuses(t, bad({ shape: [-1, -2] }), /bad shape/);
  await refuses(t, bad({ shape: [2 ** 40, 2 ** 40] }), /takes Infinity/);
  await refuses(t, bad({ shape: 'x' }), /bad shape/);
});

t.test(
  'an index may only name files of its own folder that exist and hold the tensor',
  async (t) => {
    const index = (map: unknown) => ({
      'model-1.safetensors': GOOD,
      [INDEX_FILE]: JSON.stringify({ weight_map: map }),
    });
    for (const name of [
      '../model.safetensors',
      '/etc/x.safetensors',
      'a/b.safetensors',
      INDEX_FILE,
    ]) {
      await refuses(t, index({ a: name }), /a shard is a plain file name/);
    }
    await refuses(t, index({ a: 7 }), /a shard is a plain file name/);
    await refuses(t, index({ c: 'model-1.safetensors' }), /Tensor 'c' is not in model-1/);
    await refuses(t, index({ a: 'model-2.safetensors' }), /Cannot open .*model-2.*ENOENT/);
    await refuses(t, index([]), /no weight_map/);
    await refuses(t, index({}), /empty weight_map/);
    await refuses(t, { [INDEX_FILE]: '{' }, /not valid JSON/);
    const { tensors } = await openCheckpoint(
      await folderWith(t, index({ b: 'model-1.safetensors' })),
    );
    t.same([...tensors.keys()], ['b', 'a'], 'what the index leaves out is read where it is');
  },
);

t.test('links are followed to the real file, and circles of links are refused', async (t) => {
  const folder = await folderWith(t, { 'blobs/x': GOOD, 'snapshot/config.json': '{}' });
  const link = join(folder, 'snapshot', 'model.safetensors');
  await symlink('../blobs/x', link);
  const { tensors } = await openCheckpoint(join(folder, 'snapshot'));
  t.match(tensors.get('a')?.path, /blobs.x$/);
  await rm(link);
  await symlink('model.safetensors', link);
  await t.rejects(openCheckpoint(join(folder, 'snapshot')), /form a circle/);
});

t.test('pickle is refused, whatever it is called', async (t) => {
  for (const name of ['pytorch_model.bin', 'weights.pt', 'model.PTH']) {
    await refuses(t, { [name]: 'x' }, /only pickle weights .* can run code/);
  }
  await refuses(t, { 'config.json': '{}' }, /holds no \*\.safetensors file/);
  await t.rejects(openCheckpoint('/nowhere/at/all'), /Cannot read the model folder/);
});

t.test('a tensor in two files without an index is refused', async (t) => {
  await refuses(t, { 'x.safetensors': GOOD, 'y.safetensors': GOOD }, /Tensor 'a' is in two files/);
});
