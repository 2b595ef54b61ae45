/**
 * Keeps the quantization cache below a bound: entries that were not used for the longest time go first, and none
 * that a process uses. A process that uses an entry has a file in it with its name.
 */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { sweepDrafts } from './cache.js';
import { WEIGHTS_FILE } from './layout.js';

/** As `cacheKey` and `dummyCheckpoint` name them. */
const ENTRY = /^(w8a8_int8|int8|int4|dummy)-[0-9a-f]{32}$/;
/** The one data file of an entry that a dummy checkpoint is. */
export const DUMMY_FILE = 'model.safetensors';
const USER = /^user-(.+)-(\d+)$/;
/** Processes of another machine or container cannot be looked at: they count as living for so long. */
const FOREIGN_USER_MS = 7 * 24 * 3600 * 1000;

/** Where weights are kept that were made here: quantized ones, and dummies. */
export interface WeightCache {
  /** Entries are folders in it. */
  readonly cacheDir: string;
  /** All entries together; the least recently used go. Absent = no bound. */
  readonly cacheMaxBytes?: number;
}

/** Notes that this process uses the entry from now on. @returns false when it has just been removed */
export async function useEntry(folder: string): Promise<boolean> {
  const now = new Date();
  // A cache that cannot be written has nothing removed either.
  const mark = join(folder, `user-${hostname()}-${process.pid}`);
  await writeFile(mark, '', { flag: 'wx' })
    .catch(() => utimes(mark, now, now))
    .catch(() => undefined);
  await utimes(folder, now, now).catch(() => undefined);
  return (await dataBytes(folder)) !== null;
}

interface Entry {
  readonly folder: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Removes what nobody needs beside an entry that is in use. */
export async function tidyCache(
  entry: string,
  { cacheDir, cacheMaxBytes }: WeightCache,
): Promise<void> {
  await sweepDrafts(entry);
  if (cacheMaxBytes !== undefined) await makeRoom(cacheDir, cacheMaxBytes);
}

/** Removes entries until those that are left have at most `maxBytes` together. What cannot be removed stays. */
async function makeRoom(cacheDir: string, maxBytes: number): Promise<void> {
  const names = (await readdir(cacheDir).catch(() => [])).filter((name) => ENTRY.test(name));
  const found = await Promise.all(names.map((name) => entryAt(join(cacheDir, name))));
  const entries = found.filter((entry) => entry !== null).sort((a, b) => a.usedMs - b.usedMs);
  let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { folder, bytes } of entries) {
    if (total <= maxBytes) return;
    if (await removeEntry(folder)) total -= bytes;
  }
}

async function entryAt(folder: string): Promise<Entry | null> {
  const facts = await lstat(folder).catch(() => null);
  const bytes = await dataBytes(folder);
  if (facts?.isDirectory() !== true || bytes === null) return null;
  return { folder, bytes, usedMs: facts.mtimeMs };
}

/** Bytes of an entry's data file; null where it has none. */
async function dataBytes(folder: string): Promise<number | null> {
  for (const name of [WEIGHTS_FILE, DUMMY_FILE]) {
    const facts = await lstat(join(folder, name)).catch(() => null);
    if (facts !== null) return facts.size;
  }
  return null;
}

/** False when somebody uses it. It gets the name of a draft first, so that nobody begins to use it meanwhile. */
async function removeEntry(folder: string): Promise<boolean> {
  if (await isUsed(folder)) return false;
  const draft = `${folder}.${randomUUID()}.tmp`;
  try {
    await rename(folder, draft);
    if (await isUsed(draft)) {
      await rename(draft, folder);
      return false;
    }
    await rm(draft, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

async function isUsed(folder: string): Promise<boolean> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, host, pid] = USER.exec(name) ?? [];
    if (host === undefined) continue;
    const path = join(folder, name);
    if (await isAlive(path, host, Number(pid))) return true;
    await rm(path, { force: true }).catch(() => undefined);
  }
  return false;
}

async function isAlive(path: string, host: string, pid: number): Promise<boolean> {
  if (host !== hostname()) {
    const facts = await lstat(path).catch(() => null);
    return facts !== null && Date.now() - facts.mtimeMs < FOREIGN_USER_MS;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
