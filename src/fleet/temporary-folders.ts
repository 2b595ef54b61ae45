import { rmSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';

import { makeOwnedFolder, sweepOwnedFolders } from '../core/owned-drafts.js';

/** Folders that are to go with the process at the latest. */
export class TemporaryFolders {
  /** Where they are made. */
  readonly parent: string;
  readonly #paths = new Set<string>();

  constructor(parent: string) {
    this.parent = parent;
  }

  /** Removes what processes left there that were killed. */
  sweep(): Promise<void> {
    return sweepOwnedFolders(this.parent);
  }

  /** Shows those that cannot look at this process that it is living: at least once in a day. */
  async touch(): Promise<void> {
    const now = new Date();
    for (const path of this.#paths) await utimes(path, now, now).catch(() => undefined);
  }

  /** An empty folder of its own, whose name says what it is for: a word. */
  async make(what: string): Promise<string> {
    const path = await makeOwnedFolder(this.parent, what);
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
