import { createHash } from 'node:crypto';

import { inTime, openRegular } from '../source/regular-file.js';

const CHUNK_BYTES = 2 ** 20;

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
