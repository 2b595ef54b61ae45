import { createHash } from 'node:crypto';
import { lstat, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { makeFolders } from '../../core/make-folders.js';
import { draftOf, makeOwnedFolder } from '../../core/owned-drafts.js';
import { readRegularText } from '../source/regular-file.js';
import type { WeightMap } from '../weights/weight-store.js';
import { JOURNAL_FILE, takeDraft } from './drafts.js';
import { hashSegments, type HashPace } from './hash-file.js';
import { WEIGHTS_FILE } from './layout.js';
import { isPrivate } from './private-files.js';

const INDEX_FILE = 'index.json';
/** Only its owner may read or write an entry. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;

/** `index.json` of a cache entry. The digest covers the other fields. */
interface CacheIndex {
  readonly fileBytes: number;
  /** Of the weights file, as {@link hashSegments} has it. */
  readonly segmentsHash: string;
  readonly map: WeightMap;
  readonly digest: string;
}

/**
 * `foreign`: another user could have made or changed it, and nothing of it is read. `damaged`: something in it
 * is not what was written.
 */
export type CacheEntry =
  | { readonly state: 'sound'; readonly map: WeightMap }
  | { readonly state: 'absent' | 'damaged' | 'foreign' };

/** An entry whose weights were not read yet. */
export type OpenEntry =
  | {
      readonly state: 'open';
      readonly map: WeightMap;
      /** Reads all of it. @returns whether it is what was written */
      readonly prove: (pace: HashPace) => Promise<boolean>;
    }
  | { readonly state: 'absent' | 'damaged' | 'foreign' };

/** Looks for a finished entry, and reads all of it to see that it is what was written. */
export async function readCacheEntry(folder: string): Promise<CacheEntry> {
  const entry = await openCacheEntry(folder);
  if (entry.state !== 'open') return entry;
  return (await entry.prove('alone')) ? { state: 'sound', map: entry.map } : { state: 'damaged' };
}

/** Looks for a finished entry, and reads of its weights nothing but the size. */
export async function openCacheEntry(folder: string): Promise<OpenEntry> {
  const found = await lstat(folder).catch(() => null);
  if (found === null) return { state: 'absent' };
  if (!found.isDirectory() || !(await isPrivate(filesOf(folder)))) return { state: 'foreign' };
  try {
    const index = JSON.parse(await readRegularText(join(folder, INDEX_FILE))) as CacheIndex;
    // Of an earlier form: it is made anew.
    if (!Object.hasOwn(index, 'segmentsHash')) return { state: 'absent' };
    const { map, fileBytes, segmentsHash, digest } = index;
    const weights = join(folder, WEIGHTS_FILE);
    if (digest !== digestOf(index) || (await stat(weights)).size !== fileBytes) {
      return { state: 'damaged' };
    }
    const prove = async (pace: HashPace): Promise<boolean> =>
      (await hashSegments(weights, pace).catch(() => null)) === segmentsHash;
    return { state: 'open', map, prove };
  } catch {
    return { state: 'damaged' };
  }
}

function filesOf(folder: string): readonly string[] {
  return [folder, join(folder, INDEX_FILE), join(folder, WEIGHTS_FILE)];
}

/** An entry being built. */
export interface CacheDraft {
  readonly folder: string;
  readonly weightsPath: string;
  /** Null = nobody can go on with it. */
  readonly journalPath: string | null;
}

/**
 * A draft beside its final folder: made at once, so that a cache that cannot be written is found out. Where a process
 * was killed that filled one, it goes on with that.
 */
export async function beginCacheEntry(folder: string): Promise<CacheDraft> {
  await makeFolders(dirname(folder), PRIVATE_FOLDER);
  const left = await takeDraft(folder);
  if (left !== null) {
    await rm(join(left, INDEX_FILE), { force: true });
    return journaledDraft(left);
  }
  const draft = draftOf(folder);
  await mkdir(draft, { mode: PRIVATE_FOLDER });
  await emptyFile(join(draft, WEIGHTS_FILE));
  return journaledDraft(draft);
}

function journaledDraft(folder: string): CacheDraft {
  const [weightsPath, journalPath] = [join(folder, WEIGHTS_FILE), join(folder, JOURNAL_FILE)];
  return { folder, weightsPath, journalPath };
}

/** A draft that is never put anywhere else, in a folder below `parent` that nobody can guess. */
export async function beginTemporaryEntry(parent: string): Promise<CacheDraft> {
  await makeFolders(parent);
  const folder = await makeOwnedFolder(parent, 'weights');
  const weightsPath = join(folder, WEIGHTS_FILE);
  await emptyFile(weightsPath);
  return { folder, weightsPath, journalPath: null };
}

function emptyFile(path: string): Promise<void> {
  return writeFile(path, '', { flag: 'wx', mode: PRIVATE_FILE });
}

/**
 * Puts a filled draft in the place of `folder`: data and index reach the disk, then one rename. A damaged entry of that
 * name is put aside; one that another process finished meanwhile wins.
 */
export async function commitCacheEntry(
  draft: CacheDraft,
  folder: string,
  entry: { readonly map: WeightMap; readonly fileBytes: number },
): Promise<void> {
  await syncFile(draft.weightsPath);
  const { map, fileBytes } = entry;
  const content = { fileBytes, segmentsHash: await hashSegments(draft.weightsPath), map };
  const index: CacheIndex = { ...content, digest: digestOf(content) };
  const indexPath = join(draft.folder, INDEX_FILE);
  await writeFile(indexPath, JSON.stringify(index), { flag: 'wx', mode: PRIVATE_FILE });
  await syncFile(indexPath);
  if (draft.journalPath !== null) await rm(draft.journalPath, { force: true });
  for (let attempt = 1; !(await isPut(draft.folder, folder)); attempt++) {
    if ((await readCacheEntry(folder)).state === 'sound') {
      await discardCacheEntry(draft);
      return;
    }
    if (attempt > MAX_ATTEMPTS) throw new Error(`${folder} is damaged again and again`);
    await putAside(folder);
  }
}

/** Of putting a draft in its place, while other processes do the same. */
const MAX_ATTEMPTS = 5;

/** Renames a folder; false where another one has the name. */
async function isPut(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes an entry; what another process puts in its place meanwhile stays. */
async function putAside(folder: string): Promise<void> {
  const aside = draftOf(folder);
  try {
    await rename(folder, aside);
  } catch (error) {
    // Another process did it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

export async function discardCacheEntry(draft: CacheDraft): Promise<void> {
  await rm(draft.folder, { recursive: true, force: true });
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function digestOf({ fileBytes, segmentsHash, map }: Omit<CacheIndex, 'digest'>): string {
  return createHash('sha256')
    .update(JSON.stringify([fileBytes, segmentsHash, map]))
    .digest('hex');
}
