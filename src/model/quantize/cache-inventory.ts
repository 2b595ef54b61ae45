import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { dataBytes, ENTRY, usersOf } from './cache-room.js';
import { sourcesOf } from './cache-sources.js';
import { leftDrafts, type LeftDraft } from './drafts.js';

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
  /** A process was killed that made it; the next start for it goes on. */
  readonly isUnfinished: boolean;
}

/** All in a cache; none where there is no cache. @throws the file system's error for one that cannot be read */
export async function listCopies(cacheDir: string): Promise<readonly WeightCopy[]> {
  const names = await readdir(cacheDir).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const drafts = [...(await leftDrafts(cacheDir))].sort((a, b) => (a.folder < b.folder ? -1 : 1));
  const copies = [...names.sort().map((name) => copyAt(cacheDir, name)), ...drafts.map(unfinished)];
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
    isUnfinished: false,
  };
}

async function unfinished({ folder, bytes, usedMs }: LeftDraft): Promise<WeightCopy | null> {
  const name = basename(folder);
  const format = ENTRY.exec(name.split('.')[0] ?? '')?.[1];
  if (format === undefined) return null;
  const sources = await sourcesOf(folder);
  return { name, folder, format, bytes, usedMs, sources, users: [], isUnfinished: true };
}
