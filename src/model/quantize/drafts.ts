/**
 * Drafts of the cache: entries that somebody fills, in a folder whose name says for what and whose it is. One whose
 * process was killed waits for a start that fills the same entry, which takes it by one rename: nobody else can then.
 */
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { draftOf, draftOwner, sweepDrafts } from '../../core/owned-drafts.js';
import { ownerState } from '../../core/process-owner.js';
import { WEIGHTS_FILE } from './layout.js';
import { isPrivate } from './private-files.js';

export const JOURNAL_FILE = 'journal';
/** A draft that nobody takes for so long goes. */
const WAITS_MS = 7 * 24 * 3600 * 1000;

/** A draft of a process that has ended. */
export interface LeftDraft {
  readonly folder: string;
  /** On the disk: what no job has filled takes none. */
  readonly bytes: number;
  /** When its last job ended; Unix milliseconds. */
  readonly usedMs: number;
}

/** Removes the drafts of processes that have ended, but for those that a start may go on with. */
export function sweepCache(cacheDir: string): Promise<void> {
  return sweepDrafts(cacheDir, async (path) => {
    const left = await leftDraft(path);
    return left !== null && Date.now() - left.usedMs < WAITS_MS;
  });
}

/** Those that a start may go on with, of the entry at `folder` alone or of all in a cache. */
export async function leftDrafts(
  cacheDir: string,
  entry: string | null = null,
): Promise<readonly LeftDraft[]> {
  const names = await readdir(cacheDir).catch(() => []);
  const of = names.filter((name) => entry === null || name.startsWith(`${entry}.`));
  const drafts = await Promise.all(of.map((name) => leftDraft(join(cacheDir, name))));
  return drafts.filter((draft) => draft !== null);
}

/** Takes the draft for `folder` that a killed process got farthest with. @returns its new place; null = there is none */
export async function takeDraft(folder: string): Promise<string | null> {
  const drafts = await leftDrafts(dirname(folder), basename(folder));
  for (const { folder: left } of [...drafts].sort((a, b) => b.bytes - a.bytes)) {
    const draft = draftOf(folder);
    const isTaken = await rename(left, draft).then(
      () => true,
      () => false,
    );
    if (isTaken) return draft;
  }
  return null;
}

/** @returns false when somebody goes on with it. */
export async function removeDraft({ folder }: Pick<LeftDraft, 'folder'>): Promise<boolean> {
  const [entry = ''] = basename(folder).split('.');
  const mine = draftOf(join(dirname(folder), entry));
  try {
    await rename(folder, mine);
    await rm(mine, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** Null for what is no such draft: of a living process, without a journal, or another user's. */
async function leftDraft(folder: string): Promise<LeftDraft | null> {
  const owner = draftOwner(basename(folder));
  if (owner === null || ownerState(owner) !== 'dead') return null;
  const [journal, weights] = [join(folder, JOURNAL_FILE), join(folder, WEIGHTS_FILE)];
  const facts = await lstat(folder).catch(() => null);
  if (facts?.isDirectory() !== true || !(await isPrivate([folder, journal, weights]))) return null;
  const [noted, filled] = await Promise.all([journal, weights].map((path) => lstat(path))).catch(
    () => [],
  );
  if (noted?.isFile() !== true || filled?.isFile() !== true) return null;
  return { folder, bytes: filled.blocks * 512, usedMs: noted.mtimeMs };
}
