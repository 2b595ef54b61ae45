import { createHash, webcrypto } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

import { inTime, openRegular } from '../source/regular-file.js';

const CHUNK_BYTES = 2 ** 20;
/** What one thread hashes at a time. */
const SEGMENT_BYTES = 2 ** 22;
/** As many as the runtime has threads for. */
const SEGMENTS_AT_ONCE = 4;

/** How many cores a hash takes: all of them, or all but the one on which a session is created meanwhile. */
export type HashPace = 'alone' | 'beside a session';

/**
 * sha256 of a whole file, hex, at about the speed of a disk. The thread is busy for a chunk at a time.
 * @throws ModelLoadError where it is no regular file
 */
export async function hashFile(path: string): Promise<string> {
  const handle = await openRegular(path);
  try {
    const hash = createHash('sha256');
    // Two buffers: one is filled while the other is hashed.
    let [filling, full] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
    let reading = handle.read(filling, 0, CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await inTime(reading, path);
      if (bytesRead === 0) return hash.digest('hex');
      [filling, full] = [full, filling];
      reading = handle.read(filling, 0, CHUNK_BYTES);
      hash.update(full.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/**
 * sha256 of the sha256 of each 4 MiB of a file, hex: all cores take part, and no event loop waits.
 * @throws ModelLoadError where it is no regular file
 */
export async function hashSegments(path: string, pace: HashPace = 'alone'): Promise<string> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    const digests = new Array<Uint8Array>(Math.ceil(size / SEGMENT_BYTES));
    let next = 0;
    const hashSome = async (): Promise<void> => {
      const buffer = new Uint8Array(SEGMENT_BYTES);
      for (let segment = next++; segment < digests.length; segment = next++) {
        const bytes = await readSegment(handle, path, { buffer, at: segment * SEGMENT_BYTES });
        digests[segment] = new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes));
      }
    };
    await Promise.all(Array.from({ length: segmentsAtOnce(pace) }, hashSome));
    const whole = createHash('sha256');
    for (const digest of digests) whole.update(digest);
    return whole.digest('hex');
  } finally {
    await handle.close();
  }
}

function segmentsAtOnce(pace: HashPace): number {
  if (pace === 'alone') return SEGMENTS_AT_ONCE;
  return Math.max(1, Math.min(SEGMENTS_AT_ONCE, availableParallelism() - 1));
}

/** What the file has from `at` on, as far as the buffer goes. */
async function readSegment(
  handle: FileHandle,
  path: string,
  { buffer, at }: { readonly buffer: Uint8Array; readonly at: number },
): Promise<Uint8Array> {
  let done = 0;
  while (done < buffer.length) {
    const reading = handle.read(buffer, done, buffer.length - done, at + done);
    const { bytesRead } = await inTime(reading, path);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}
