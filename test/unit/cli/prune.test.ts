import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import t, { type Test } from 'tap';

import { pruneCommand } from '../../../src/cli/prune.js';
import { UsageError } from '../../../src/config/flag-spec.js';
import { useEntry } from '../../../src/model/quantize/cache-room.js';
import { noteSource } from '../../../src/model/quantize/cache-sources.js';
import { killedOwner } from '../../doubles/owners.js';

const name = (format: string, digit: number) => `${format}-${String(digit).repeat(32)}`;
const [THERE, GONE, UNKNOWN, BROKEN] = [0, 1, 2, 3].map((n) => name('int8', n)) as [
  ...[string, string, string, string],
];
const DUMMY = name('dummy', 4);

async function desk(test: Test) {
  const folder = test.testdir({ model: { 'model.safetensors': '' }, cache: { history: 'hello' } });
  const cache = join(folder, 'cache');
  const draft = `${name('int4', 5)}.${await killedOwner()}.0123abcd.tmp`;
  for (const entry of [THERE, GONE, UNKNOWN, BROKEN, DUMMY, draft]) await mkdir(join(cache, entry));
  for (const entry of [THERE, GONE, UNKNOWN, draft])
    await writeFile(join(cache, entry, 'weights.bin'), '12345');
  await writeFile(join(cache, draft, 'journal'), '');
  await writeFile(join(cache, DUMMY, 'model.safetensors'), '123');
  await noteSource(join(cache, THERE), [join(folder, 'model', 'model.safetensors')]);
  await noteSource(join(cache, GONE), [join(folder, 'gone', 'model.safetensors')]);
  const prune = async (options: Readonly<Record<string, string | boolean>> = {}) => {
    let said = '';
    const out = { write: (text: string) => (said += text) };
    const serverArgs = () => {
      throw new Error('the flag is given');
    };
    await pruneCommand.run(
      { words: [], options: { ...options, quantizationCacheDir: cache }, serverArgs },
      { version: '', out, err: out, input: new PassThrough() },
    );
    return said;
  };
  return { folder, cache, prune, left: async () => (await readdir(cache)).sort() };
}

t.test('what nobody can want again goes', async (t) => {
  const { folder, cache, prune, left } = await desk(t);
  const said = await prune();
  t.same(await left(), ['history', THERE, UNKNOWN]);
  t.match(said, `Removed int8 of ${join(folder, 'gone')} (5 B).\n`);
  t.match(said, 'Removed random weights (3 B).\n');
  t.match(said, 'Removed int8 of a model that was not noted (broken).\n');
  t.match(said, new RegExp(`freed; 10 B left in ${cache}\\.\n$`));
});

t.test('with flags more does, but for what is in use', async (t) => {
  const { folder, cache, prune, left } = await desk(t);
  await utimes(join(cache, UNKNOWN), 1, 1);
  await prune({ unusedFor: '30' });
  t.same(await left(), ['history', THERE]);
  await useEntry(join(cache, THERE));
  t.match(
    await prune({ all: true }),
    `Kept int8 of ${join(folder, 'model')} (5 B): it is in use.\n`,
  );
  t.same(await left(), ['history', THERE]);
  for (const unusedFor of ['', 'x', '-1'])
    await t.rejects(prune({ unusedFor }), UsageError, unusedFor);
});
