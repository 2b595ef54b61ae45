import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { lockHolder } from '../../core/file-lock.js';
import { sweepDrafts } from '../../core/owned-drafts.js';
import type { HubCache } from './hub-cache.js';

/** Parts as this server and huggingface_hub name them: `<digest>.incomplete`, `<digest>.<random>.incomplete`. */
const PART = /^([0-9a-f]{40}|[0-9a-f]{64})\..*incomplete$/;
/** Where another program's lock cannot be seen, a part counts as being written for so long without a change. */
const QUIET_MS = 24 * 3600 * 1000;
/** Folders of small files and links. */
const SMALL_PARTS = ['refs', 'snapshots', '.no_exist'];

/**
 * Removes what downloads left in a repository's folder that were killed: drafts, and parts of what has come since or
 * is not in the listing any more (`wanted`: digests). Parts of what is still wanted are gone on with.
 */
export async function sweepRepo(cache: HubCache, wanted: ReadonlySet<string>): Promise<void> {
  for (const part of SMALL_PARTS) await sweepBelow(join(cache.folder, part));
  await sweepDrafts(cache.locks);
  const blobs = join(cache.folder, 'blobs');
  const names = await readdir(blobs).catch(() => []);
  const present = new Set(names);
  for (const name of names) {
    const digest = PART.exec(name)?.[1];
    if (digest === undefined || (wanted.has(digest) && !present.has(digest))) continue;
    const path = join(blobs, name);
    if (await isBeingWritten(path, cache.lock(digest))) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

async function isBeingWritten(path: string, lock: string): Promise<boolean> {
  if ((await lockHolder(lock)) !== null) return true;
  const facts = await lstat(path).catch(() => null);
  return facts !== null && Date.now() - facts.mtimeMs < QUIET_MS;
}

async function sweepBelow(folder: string): Promise<void> {
  await sweepDrafts(folder);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await sweepBelow(join(folder, entry.name));
  }
}
