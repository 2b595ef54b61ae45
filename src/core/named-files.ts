import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The small files of a model by name: those of a folder, or what another format has in their place. */
export interface NamedFiles {
  /** Folder or file as the user named it; for messages. */
  readonly path: string;
  /** The whole text; null where there is no file of that name that can be read. */
  read(name: string): Promise<string | null>;
  /** Names in a folder of it, '' = its own; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
}

/** Those of a folder on disk. */
export function folderFiles(path: string): NamedFiles {
  return {
    path,
    read: (name) => readFile(join(path, name), 'utf8').catch(() => null),
    list: (folder) => readdir(join(path, folder)).catch(() => []),
  };
}
