import { closeSync, constants, openSync, readSync } from 'node:fs';

import { ModelLoadError } from '../load-error.js';

/** Where a tensor of a file begins. */
export interface TensorPlace {
  /** Of the file format; for messages. */
  readonly name: string;
  readonly path: string;
  /** Absolute in the file. */
  readonly offset: number;
}

/** The files that tensors are read from, each opened on first use. */
export class InputFiles {
  readonly #open = new Map<string, number>();

  /** Fills `bytes` with what lies `begin` bytes behind the tensor's first. @throws ModelLoadError where its file ends */
  read({ name, path, offset }: TensorPlace, begin: number, bytes: Uint8Array): void {
    const fd = this.#descriptor(path);
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, 1 << 30);
      const count = readSync(fd, bytes, done, length, offset + begin + done);
      if (count === 0) {
        throw new ModelLoadError(
          'bad_checkpoint',
          `${path} ended while tensor '${name}' was read.`,
        );
      }
      done += count;
    }
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #descriptor(path: string): number {
    const open = this.#open.get(path);
    if (open !== undefined) return open;
    // What lies there now may be another thing than what was looked at: a pipe is not waited for.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.#open.set(path, fd);
    return fd;
  }
}
