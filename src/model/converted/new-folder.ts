import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { makeFolders } from '../../core/make-folders.js';
import { draftOf, sweepDrafts } from '../../core/owned-drafts.js';
import { ModelLoadError } from '../load-error.js';
import { syncPath } from './sync-path.js';

/**
 * A folder that is there when all of it is on the disk, and not at all otherwise: `fill` gets one beside it. That is made
 * at once, so that a place that cannot be written is found out. @throws ModelLoadError, and whatever `fill` throws
 */
export async function writeNewFolder(
  out: string,
  fill: (draft: string) => Promise<void>,
): Promise<void> {
  await requireNew(out);
  const place = resolve(out);
  const draft = draftOf(place);
  await asWritten(out, async () => {
    await makeFolders(dirname(place));
    // Of those that were killed.
    await sweepDrafts(dirname(place));
    await mkdir(draft);
  });
  try {
    await fill(draft);
    await requireNew(out);
    await asWritten(out, async () => {
      await rename(draft, place);
      await syncPath(dirname(place));
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The file system's own errors while `out` is written, as a sentence. @throws ModelLoadError, and any other as it is */
export async function asWritten<T>(out: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw cause;
    if (code === 'ENOSPC') {
      throw new ModelLoadError('disk_full', `The disk is full: ${out} was not written.`, { cause });
    }
    throw new ModelLoadError('bad_option', `--out ${out} cannot be written (${code}).`, { cause });
  }
}

/** @throws ModelLoadError where something is there that would be written over */
async function requireNew(out: string): Promise<void> {
  const facts = await stat(out).catch(() => null);
  if (facts === null) return;
  const names = facts.isDirectory() ? await readdir(out) : null;
  if (names?.length === 0) return;
  const what = names === null ? 'is no folder' : 'is there and is not empty';
  throw new ModelLoadError('bad_option', `--out ${out} ${what}: name a new folder.`);
}
