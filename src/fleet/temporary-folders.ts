import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders that are to go with the process at the latest. */
export class TemporaryFolders {
  /** Where they are made. */
  readonly parent: string;
  readonly #paths = new Set<string>();

  constructor(parent: string) {
    this.parent = parent;
  }

  /** An empty folder of its own, whose name begins with `prefix`. */
  async make(prefix: string): Promise<string> {
    const path = await mkdtemp(join(this.parent, prefix));
    this.add(path);
    return path;
  }

  /** Takes over a folder that another one made. */
  add(path: string): void {
    this.#paths.add(path);
  }

  /** Removes it now. */
  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    this.#paths.delete(path);
  }

  /** Removes all that are left before it returns, for a process that ends. */
  removeAllNow(): void {
    for (const path of this.#paths) rmSync(path, { recursive: true, force: true });
    this.#paths.clear();
  }
}
