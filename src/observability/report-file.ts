import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { draftOf, sweepDrafts } from '../core/owned-drafts.js';

/**
 * A file that is reserved before there is anything to write: a folder that takes none is found out at once.
 * Its draft is new and nobody's else; what already has the final name (a pipe, a link) is replaced and not opened.
 */
export class ReportFile {
  readonly path: string;
  readonly #draft: string;
  #handle: FileHandle | null = null;

  constructor(path: string) {
    this.path = path;
    this.#draft = draftOf(path);
  }

  /** @throws Error of the file system */
  async reserve(): Promise<void> {
    await sweepDrafts(dirname(this.path));
    this.#handle = await open(this.#draft, 'wx', 0o600);
  }

  /** Writes it whole and gives it its name; leaves no draft where that fails. */
  async finish(text: string): Promise<void> {
    try {
      await this.#handle?.writeFile(text);
      await this.#handle?.close();
      await rename(this.#draft, this.path);
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    await rm(this.#draft, { force: true });
  }
}
