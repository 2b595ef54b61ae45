import { stat } from 'node:fs/promises';

import { hashFile } from './hash-file.js';

/** A file's content, and how the file was known when it was read. */
export interface HashedFile {
  readonly path: string;
  /** Hex. */
  readonly sha256: string;
  /** The same for as long as nobody writes to the file; null = it cannot be told. */
  readonly stamp: string | null;
}

/** A file that was written so shortly ago may be written again without another time. */
const YOUNG_MS = 2000;

/**
 * The hash of each file. One whose stamp is that of a `known` one of the same path is not read again.
 * @throws ModelLoadError where one cannot be read
 */
export async function hashFiles(
  paths: readonly string[],
  known: ReadonlyMap<string, HashedFile> = new Map(),
  nowMs: () => number = Date.now,
): Promise<readonly HashedFile[]> {
  const files: HashedFile[] = [];
  for (const path of paths) {
    const before = await stampOf(path, nowMs());
    const same = known.get(path);
    if (same !== undefined && before !== null && same.stamp === before) {
      files.push(same);
      continue;
    }
    const sha256 = await hashFile(path);
    const after = await stampOf(path, nowMs());
    files.push({ path, sha256, stamp: before === after ? after : null });
  }
  return files;
}

/** Everything that changes with a file's content, as git's index has it; null for one that is too young to tell. */
async function stampOf(path: string, nowMs: number): Promise<string | null> {
  const facts = await stat(path, { bigint: true }).catch(() => null);
  if (facts === null) return null;
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = facts;
  const changedMs = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
  if (nowMs - changedMs < YOUNG_MS) return null;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}
