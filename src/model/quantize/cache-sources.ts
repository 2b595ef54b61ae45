import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { writeWhole } from '../../core/owned-drafts.js';
import { readRegularText } from '../source/regular-file.js';

const NOTE = /^of-[0-9a-f]{16}$/;
const NOTE_BYTES_MAX = 2 ** 20;

/** Notes in an entry of the cache which weight files it was made of, or of which others it would be the same. */
export async function noteSource(entry: string, files: readonly string[]): Promise<void> {
  const text = JSON.stringify(files.map((path) => resolve(path)));
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const path = join(entry, `of-${name}`);
  // One that a full disk cut short is made anew.
  if ((await readNote(path)).length > 0) return;
  const write = (draft: string) => writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  // A cache that cannot be written is read all the same.
  await writeWhole(path, write).catch(() => undefined);
}

/** What {@link noteSource} noted in an entry: one list of files for each model. */
export async function sourcesOf(entry: string): Promise<readonly (readonly string[])[]> {
  const names = (await readdir(entry).catch(() => [])).filter((name) => NOTE.test(name)).sort();
  const sources = await Promise.all(names.map((name) => readNote(join(entry, name))));
  return sources.filter((files) => files.length > 0);
}

/** Removes the notes that `isGone` says so of. */
export async function forgetSources(
  entry: string,
  isGone: (files: readonly string[]) => boolean,
): Promise<void> {
  for (const name of await readdir(entry).catch(() => [])) {
    const path = join(entry, name);
    if (!NOTE.test(name) || !isGone(await readNote(path))) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Empty for one that cannot be read. */
async function readNote(path: string): Promise<readonly string[]> {
  try {
    const files = JSON.parse(await readRegularText(path, NOTE_BYTES_MAX)) as unknown;
    return Array.isArray(files) ? files.filter((file) => typeof file === 'string') : [];
  } catch {
    return [];
  }
}
