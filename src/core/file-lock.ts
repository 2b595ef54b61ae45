import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { makeFolders } from './make-folders.js';
import { draftOf } from './owned-drafts.js';
import { ownerState, ownOwner, pidOf } from './process-owner.js';

const POLL_MS = 300;
/** A holder shows that it is living for those who cannot look at it. */
const TOUCH_MS = 30_000;
/** Such a holder that has not for so long has ended. */
const SILENT_MS = 5 * 60_000;

export interface LockOptions {
  /** Now and then while another process has it; null = one that has no number here. */
  readonly waiting: (pid: number | null) => Promise<void> | void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does something while no other process does what takes the same lock: a file with its holder's name. That of a
 * process that ended is taken over. Where no lock can be written it is done without: what it guards must be sound
 * even so.
 */
export async function locked<T>(
  path: string,
  act: () => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const isHeld = await take(path, options);
  const touch = setInterval(() => void touched(path), TOUCH_MS).unref();
  try {
    return await act();
  } finally {
    clearInterval(touch);
    if (isHeld) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** The process that has a lock; null = none. */
export async function lockHolder(path: string): Promise<{ readonly pid: number | null } | null> {
  const owner = await readFile(path, 'utf8').catch(() => null);
  if (owner === null || (await isOver(path, owner))) return null;
  return { pid: ownerState(owner) === 'living' ? pidOf(owner) : null };
}

/** @returns false where none can be written. @throws the signal's reason */
async function take(path: string, { waiting, signal }: LockOptions): Promise<boolean> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      await makeFolders(dirname(path));
      await writeFile(path, ownOwner(), { flag: 'wx' });
      return true;
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      // A full disk took the file, and not the name in it: nobody could tell whose it is.
      if (syscall === 'write') await rm(path, { force: true }).catch(() => undefined);
      if (code !== 'EEXIST') return false;
    }
    const holder = await lockHolder(path);
    if (holder === null) {
      if (!(await removeStale(path))) return false;
      continue;
    }
    await waiting(holder.pid);
    await sleep(POLL_MS, undefined, { signal });
  }
}

/**
 * Two may find the same lock stale: the later one must not remove the earlier one's new lock.
 * @returns false where it cannot be removed
 */
async function removeStale(path: string): Promise<boolean> {
  const aside = draftOf(path);
  try {
    await rename(path, aside);
    if ((await lockHolder(aside)) !== null) await rename(aside, path);
    await rm(aside, { recursive: true, force: true });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function isOver(path: string, owner: string): Promise<boolean> {
  const state = ownerState(owner);
  if (state !== 'elsewhere') return state === 'dead';
  const facts = await stat(path).catch(() => null);
  return facts === null || Date.now() - facts.mtimeMs > SILENT_MS;
}

async function touched(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}
