import { randomUUID } from 'node:crypto';
import { lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { OWNER_FORM, ownerState, ownOwner } from './process-owner.js';

/** Drafts of processes that nobody can look at count as living for so long without a change. */
const FOREIGN_DRAFT_MS = 24 * 3600 * 1000;
const DRAFT = new RegExp(`\\.(${OWNER_FORM})\\.[0-9a-f]{8}\\.tmp$`);
const OWNED_FOLDER = new RegExp(`^radish-[a-z]+-(${OWNER_FORM})-\\w{6}$`);

/** The name of what is written before it gets the name `path`: it says whose it is. */
export function draftOf(path: string): string {
  return `${path}.${ownOwner()}.${randomUUID().slice(0, 8)}.tmp`;
}

/** Writes a file that has its name once all of it is there. What has the name already is replaced, not opened. */
export async function writeWhole(
  path: string,
  write: (draft: string) => Promise<unknown>,
): Promise<void> {
  const draft = draftOf(path);
  try {
    await write(draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A folder `radish-<what>-…` that nobody can guess, for as long as this process runs. */
export function makeOwnedFolder(parent: string, what: string): Promise<string> {
  return mkdtemp(join(parent, `radish-${what}-${ownOwner()}-`));
}

/** Removes what {@link makeOwnedFolder} made there for processes that have ended. */
export function sweepOwnedFolders(parent: string): Promise<void> {
  return sweepOwned(parent, OWNED_FOLDER, () => Promise.resolve(false));
}

/** The owner in a name of {@link draftOf}; null for any other name. */
export function draftOwner(name: string): string | null {
  return DRAFT.exec(name)?.[1] ?? null;
}

/**
 * Removes the drafts in a folder whose processes have ended, but for those that `stays` says so of. What cannot be
 * removed stays.
 */
export function sweepDrafts(
  folder: string,
  stays: (path: string) => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  return sweepOwned(folder, DRAFT, stays);
}

/**
 * Removes what processes left in a folder that have ended, of names that `form` finds an owner in. Nothing of
 * another user's, and nothing that is no file or folder.
 */
async function sweepOwned(
  folder: string,
  form: RegExp,
  stays: (path: string) => Promise<boolean>,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = form.exec(name)?.[1];
    const path = join(folder, name);
    if (owner === undefined || !(await isStale(path, owner)) || (await stays(path))) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isStale(path: string, owner: string): Promise<boolean> {
  const facts = await lstat(path).catch(() => null);
  const isOurs = facts !== null && facts.uid === (process.getuid?.() ?? facts.uid);
  if (!isOurs || !(facts.isFile() || facts.isDirectory())) return false;
  const state = ownerState(owner);
  return (
    state === 'dead' || (state === 'elsewhere' && Date.now() - facts.mtimeMs > FOREIGN_DRAFT_MS)
  );
}
