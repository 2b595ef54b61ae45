import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { dataBytes, ENTRY, usersOf } from './cache-room.js';
import { sourcesOf } from './cache-sources.js';

/** Weights that were made here: quantised ones of a model, or a dummy's. */
export interface WeightCopy {
  readonly name: string;
  readonly folder: string;
  readonly format: string;
  /** Null = its weights are not there: an entry that is broken. */
  readonly bytes: number | null;
  /** Unix milliseconds. */
  readonly usedMs: number;
  /** Weight files of each model that they are of; empty where it was not noted. */
  readonly sources: readonly (readonly string[])[];
  /** Processes that have it open; null = one elsewhere. */
  readonly users: readonly (number | null)[];
}

/** All in a cache; none where there is no cache. @throws the file system's error for one that cannot be read */
export async function listCopies(cacheDir: string): Promise<readonly WeightCopy[]> {
  const names = await readdir(cacheDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const copies = names.sort().map((name) => copyAt(cacheDir, name));
  return (await Promise.all(copies)).filter((copy) => copy !== null);
}

async function copyAt(cacheDir: string, name: string): Promise<WeightCopy | null> {
  const format = ENTRY.exec(name)?.[1];
  const folder = join(cacheDir, name);
  const facts = await lstat(folder).catch(() => null);
  if (format === undefined || facts?.isDirectory() !== true) return null;
  return {
    name,
    folder,
    format,
    bytes: await dataBytes(folder),
    usedMs: facts.mtimeMs,
    sources: await sourcesOf(folder),
    users: await usersOf(folder),
  };
}
