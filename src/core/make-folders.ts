import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are not there. Node's own recursive mkdir never comes back where a folder is
 * there and takes none, as in /proc. @throws the file system's own error
 */
export async function makeFolders(path: string, mode = 0o777): Promise<void> {
  const failure = await tryFolder(path, mode);
  if (failure === null) return;
  const parent = dirname(path);
  if (failure.code !== 'ENOENT' || parent === path) throw failure;
  await makeFolders(parent, mode);
  const again = await tryFolder(path, mode);
  if (again !== null) throw again;
}

/** Null = it is a folder now. */
async function tryFolder(path: string, mode: number): Promise<NodeJS.ErrnoException | null> {
  try {
    await mkdir(path, { mode });
    return null;
  } catch (error) {
    const facts = await stat(path).catch(() => null);
    return facts?.isDirectory() === true ? null : (error as NodeJS.ErrnoException);
  }
}
