import type { FileHandle } from 'node:fs/promises';
import { realpath } from 'node:fs/promises';

import { ModelLoadError } from '../../load-error.js';
import type { CheckpointFile } from '../checkpoint.js';
import { inTime, openRegular } from '../regular-file.js';
import { NeedsMore } from './cursor.js';
import { parseGguf, type GgufHeader } from './header.js';

/** Most headers are smaller; the vocabulary decides. */
const FIRST_BYTES = 8 * 2 ** 20;
const HEADER_BYTES_MAX = 512 * 2 ** 20;

export interface GgufFile extends GgufHeader {
  readonly file: CheckpointFile;
}

/** The header of a GGUF file, and where the file really lies. Reads no tensors. @throws ModelLoadError */
export async function readGguf(named: string): Promise<GgufFile> {
  let handle: FileHandle;
  let path: string;
  try {
    path = await realpath(named);
    handle = await openRegular(path);
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ModelLoadError('folder_not_found', `Cannot open ${named} (${code}).`, { cause });
  }
  try {
    const { size } = await handle.stat();
    return { file: { path, bytes: size }, ...(await readHeader(handle, size, named)) };
  } finally {
    await handle.close();
  }
}

/** Reads more of the file until its header is whole. */
async function readHeader(
  handle: FileHandle,
  fileBytes: number,
  path: string,
): Promise<GgufHeader> {
  for (let bytes = FIRST_BYTES; ; bytes *= 4) {
    const beginning = Buffer.alloc(Math.min(bytes, fileBytes));
    const { bytesRead } = await inTime(handle.read(beginning, 0, beginning.length, 0), path);
    try {
      return parseGguf(beginning.subarray(0, bytesRead), fileBytes, path);
    } catch (error) {
      if (!(error instanceof NeedsMore)) throw error;
      if (bytes < HEADER_BYTES_MAX && bytesRead === beginning.length) continue;
      throw new ModelLoadError('bad_checkpoint', `${path} has a header that does not end.`);
    }
  }
}
