/** An entry of the cache remembers the hashes of the files that it was made of: to find it again is not to read them. */
import { createHash } from 'node:crypto';
import { lstat, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeWhole } from '../../core/owned-drafts.js';
import { readRegularText } from '../source/regular-file.js';
import { ENTRY } from './cache-room.js';
import type { HashedFile } from './hashed-files.js';
import { isPrivate } from './private-files.js';

const NOTE = /^hashes-[0-9a-f]{16}\.json$/;
const NOTE_BYTES_MAX = 2 ** 20;

/** Notes them in an entry, those of one model in one file. A cache that cannot be written is read all the same. */
export async function noteHashes(entry: string, files: readonly HashedFile[]): Promise<void> {
  if (files.some(({ stamp }) => stamp === null)) return;
  const text = JSON.stringify(files);
  const paths = JSON.stringify(files.map(({ path }) => path));
  const name = createHash('sha256').update(paths).digest('hex').slice(0, 16);
  const note = join(entry, `hashes-${name}.json`);
  if ((await readRegularText(note, NOTE_BYTES_MAX).catch(() => '')) === text) return;
  const write = (draft: string) => writeFile(draft, text, { flag: 'wx', mode: 0o600 });
  await writeWhole(note, write).catch(() => undefined);
}

/** What {@link noteHashes} noted in all entries of a cache that nobody else could have written, by path. */
export async function knownHashes(cacheDir: string): Promise<ReadonlyMap<string, HashedFile>> {
  const known = new Map<string, HashedFile>();
  for (const name of await namesIn(cacheDir, ENTRY)) {
    const entry = join(cacheDir, name);
    for (const note of await namesIn(entry, NOTE)) {
      if (!(await isPrivate([entry, join(entry, note)]))) continue;
      for (const file of await readNote(join(entry, note))) known.set(file.path, file);
    }
  }
  return known;
}

async function namesIn(folder: string, form: RegExp): Promise<readonly string[]> {
  // A link to a folder is not looked into.
  if ((await lstat(folder).catch(() => null))?.isDirectory() !== true) return [];
  return (await readdir(folder).catch(() => [])).filter((name) => form.test(name)).sort();
}

/** Empty for one that cannot be read. */
async function readNote(path: string): Promise<readonly HashedFile[]> {
  try {
    const files = JSON.parse(await readRegularText(path, NOTE_BYTES_MAX)) as unknown;
    return Array.isArray(files) ? files.filter(isHashedFile) : [];
  } catch {
    return [];
  }
}

function isHashedFile(value: unknown): value is HashedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path, sha256, stamp } = value as Record<string, unknown>;
  const isHash = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
  return typeof path === 'string' && isHash && typeof stamp === 'string';
}
