import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { readRegularText } from '../source/regular-file.js';

const NOTE = /^of-[0-9a-f]{16}$/;

/** Notes in an entry of the cache that it was made of, or is the same as, the weights of a folder. */
export async function noteSource(entry: string, folder: string): Promise<void> {
  const path = resolve(folder);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
  // A cache that cannot be written is read all the same.
  await writeFile(join(entry, `of-${name}`), path, { flag: 'wx', mode: 0o600 }).catch(
    () => undefined,
  );
}

/** The folders that are noted in an entry. */
export async function sourcesOf(entry: string): Promise<readonly string[]> {
  const names = (await readdir(entry).catch(() => [])).filter((name) => NOTE.test(name));
  const texts = await Promise.all(
    names.map((name) => readRegularText(join(entry, name), 10_000).catch(() => '')),
  );
  return texts.filter((text) => text !== '').sort();
}

/** Removes the notes of folders that `isGone` says so of. */
export async function forgetSources(
  entry: string,
  isGone: (folder: string) => boolean,
): Promise<void> {
  for (const name of await readdir(entry).catch(() => [])) {
    if (!NOTE.test(name)) continue;
    const path = join(entry, name);
    const folder = await readRegularText(path, 10_000).catch(() => '');
    if (isGone(folder)) await rm(path, { force: true }).catch(() => undefined);
  }
}
