import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/** Folders that go with the process, unless that is killed. */
export class TemporaryFolders {
  readonly #paths = new Set<string>();

  constructor() {
    process.once('exit', () => {
      for (const path of this.#paths) rmSync(path, { recursive: true, force: true });
    });
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  /** Removes it now. */
  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    this.#paths.delete(path);
  }
}
