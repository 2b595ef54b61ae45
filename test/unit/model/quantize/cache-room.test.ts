import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import t from 'tap';

import { makeRoom, useEntry } from '../../../../src/model/quantize/cache-room.js';
import { smallDisk } from '../../../doubles/small-disk.js';

const KB = 2 ** 10;
const DISK = { skip: process.getuid?.() === 0 ? false : 'only root makes a small disk' };

/** Entries of 200 KiB, the first of them unused for longest. */
async function fill(cacheDir: string, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `int8-${String(i).repeat(32)}`);
  for (const [i, name] of names.entries()) {
    const folder = join(cacheDir, name);
    await mkdir(folder);
    await writeFile(join(folder, 'weights.bin'), new Uint8Array(200 * KB));
    await utimes(folder, 86_400 * (i + 1), 86_400 * (i + 1));
  }
  return names;
}

t.test('what is removed for the bound is told in one line', async (t) => {
  const cacheDir = t.testdir({});
  const names = await fill(cacheDir, 4);
  const lines: string[] = [];
  const info = (line: string) => lines.push(line);
  await useEntry(join(cacheDir, names[1] ?? ''));
  await makeRoom({ cacheDir, cacheMaxBytes: 800 * KB, info });
  t.same(lines, [], 'nothing to say');
  await makeRoom({ cacheDir, cacheMaxBytes: 800 * KB, info }, 350 * KB);
  t.same((await readdir(cacheDir)).sort(), [names[1], names[3]], 'room for what is to come');
  t.match(lines, [
    `Removed 2 quantized copies (409.6 kB, not used since 1970-01-04) from ${cacheDir}, ` +
      'which may take 819.2 kB: --quantization-cache-gib.',
  ]);
});

t.test('where nobody says how much, it is half of what the disk has for it', DISK, async (t) => {
  const cacheDir = smallDisk(t);
  if (cacheDir === null) return;
  const names = await fill(cacheDir, 4);
  await makeRoom({ cacheDir });
  t.same(await readdir(cacheDir), names, 'no bound');
  await makeRoom({ cacheDir, cacheMaxBytes: null });
  t.same((await readdir(cacheDir)).sort(), names.slice(2));
});

t.test('a disk that is nearly full has room once the oldest are gone', DISK, async (t) => {
  const cacheDir = smallDisk(t);
  if (cacheDir === null) return;
  const names = await fill(cacheDir, 4);
  await makeRoom({ cacheDir }, 150 * KB);
  t.same((await readdir(cacheDir)).sort(), names, 'there is room');
  await makeRoom({ cacheDir }, 350 * KB);
  t.same((await readdir(cacheDir)).sort(), names.slice(1));
});
