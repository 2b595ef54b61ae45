/**
 * Keeps the quantization cache below a bound: entries that were not used for the longest time go first, and none
 * that a process uses. A process that uses an entry has a file in it with its name.
 */
import { lstat, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freeBytes } from '../../core/free-bytes.js';
import { draftOf } from '../../core/owned-drafts.js';
import { OWNER_FORM, ownerState, ownOwner, pidOf } from '../../core/process-owner.js';
import { shownBytes } from '../../core/shown-size.js';
import { leftDrafts, removeDraft } from './drafts.js';
import { WEIGHTS_FILE } from './layout.js';

/** As `cacheKey` and `dummyCheckpoint` name them. */
export const ENTRY = /^(none|w8a8_int8|int8|int4|dummy)-[0-9a-f]{32}$/;
/** The one data file of an entry that a dummy checkpoint is. */
export const DUMMY_FILE = 'model.safetensors';
const USER = new RegExp(`^user-(${OWNER_FORM})$`);
/** Processes of another machine or container cannot be looked at: they count as living for so long. */
const FOREIGN_USER_MS = 7 * 24 * 3600 * 1000;

/** Of a disk that has nothing else, so much is a cache's where nobody says how much. */
export const CACHE_SHARE = 0.5;
/** And never more than this. */
export const CACHE_BYTES_MAX = 128 * 2 ** 30;

/** Where weights are kept that were made here: quantized ones, and dummies. */
export interface WeightCache {
  /** Entries are folders in it. */
  readonly cacheDir: string;
  /** All entries together; the least recently used go. Null = {@link CACHE_SHARE}; absent = no bound. */
  readonly cacheMaxBytes?: number | null;
  /** Told what was removed for it. */
  readonly info?: (message: string) => void;
}

/** Notes that this process uses the entry from now on. @returns false when it has just been removed */
export async function useEntry(folder: string): Promise<boolean> {
  const now = new Date();
  // A cache that cannot be written has nothing removed either.
  const mark = join(folder, `user-${ownOwner()}`);
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

/**
 * Removes entries, and drafts that killed processes left, until what is left keeps to the cache's bound together with
 * `neededBytes` that are to come, and these fit on the disk. What cannot be removed stays.
 */
export async function makeRoom(cache: WeightCache, neededBytes = 0): Promise<void> {
  const { cacheDir } = cache;
  const names = (await readdir(cacheDir).catch(() => [])).filter((name) => ENTRY.test(name));
  const found = await Promise.all(names.map((name) => entryAt(join(cacheDir, name))));
  const entries = found
    .filter((entry) => entry !== null)
    .map((entry) => ({ ...entry, remove: () => removeEntry(entry.folder) }));
  const drafts = (await leftDrafts(cacheDir)).map((draft) => ({
    ...draft,
    remove: () => removeDraft(draft),
  }));
  const all = [...entries, ...drafts].sort((a, b) => a.usedMs - b.usedMs);
  const before = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = await mostBytes(cache, before);
  const removed: (typeof all)[number][] = [];
  let total = before;
  for (const entry of all) {
    if (total + neededBytes <= most) break;
    if (!(await entry.remove())) continue;
    total -= entry.bytes;
    removed.push(entry);
  }
  const latest = removed.at(-1);
  if (latest === undefined) return;
  const [noun, day] = [removed.length === 1 ? 'copy' : 'copies', dayOf(latest.usedMs)];
  cache.info?.(
    `Removed ${removed.length} quantized ${noun} (${shownBytes(before - total)}, not used since ${day}) from ` +
      `${cacheDir}, which may take ${shownBytes(most)}: --quantization-cache-gib.`,
  );
}

/** What all entries may take, of which there are `bytes` now. */
async function mostBytes(
  { cacheDir, cacheMaxBytes = Infinity }: WeightCache,
  bytes: number,
): Promise<number> {
  const onDisk = bytes + (await freeBytes(cacheDir));
  const bound = cacheMaxBytes ?? Math.min(CACHE_SHARE * onDisk, CACHE_BYTES_MAX);
  return Math.min(bound, onDisk);
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function entryAt(folder: string): Promise<Entry | null> {
  const facts = await lstat(folder).catch(() => null);
  const bytes = await dataBytes(folder);
  if (facts?.isDirectory() !== true || bytes === null) return null;
  return { folder, bytes, usedMs: facts.mtimeMs };
}

/** Bytes of an entry's data file; null where it has none. */
export async function dataBytes(folder: string): Promise<number | null> {
  for (const name of [WEIGHTS_FILE, DUMMY_FILE]) {
    const facts = await lstat(join(folder, name)).catch(() => null);
    if (facts !== null) return facts.size;
  }
  return null;
}

/** @returns false when somebody uses it. It gets the name of a draft first, so that nobody begins to use it meanwhile. */
export async function removeEntry(folder: string): Promise<boolean> {
  if (await isUsed(folder)) return false;
  const draft = draftOf(folder);
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
  return (await usersOf(folder)).length > 0;
}

/** Numbers of the processes that use an entry; null = one that has no number here. */
export async function usersOf(folder: string): Promise<readonly (number | null)[]> {
  const users: (number | null)[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = USER.exec(name)?.[1];
    if (owner === undefined) continue;
    const path = join(folder, name);
    if (await isAlive(path, owner))
      users.push(ownerState(owner) === 'living' ? pidOf(owner) : null);
    else await rm(path, { force: true }).catch(() => undefined);
  }
  return users;
}

async function isAlive(path: string, owner: string): Promise<boolean> {
  const state = ownerState(owner);
  if (state !== 'elsewhere') return state === 'living';
  const facts = await lstat(path).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs < FOREIGN_USER_MS;
}
