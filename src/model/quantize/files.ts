import { closeSync, openSync, writeSync } from 'node:fs';

import { decodeFloats, readRows, type StoredTensor } from '../weights/stored-rows.js';

/** The files that one job reads and writes, opened on first use and closed at its end. */
export class JobFiles {
  readonly #inputs = new Map<string, number>();
  readonly #target: number;

  constructor(target: string) {
    this.#target = openSync(target, 'r+');
  }

  /** Rows `[begin, end)` as f32. */
  floats(source: StoredTensor, begin: number, end: number): Float32Array {
    return decodeFloats(this.raw(source, begin, end), source.dtype);
  }

  /** A whole vector as f32. */
  vector(source: StoredTensor): Float32Array {
    return this.floats(source, 0, source.shape[0] ?? 1);
  }

  raw(source: StoredTensor, begin: number, end: number): Uint8Array {
    let fd = this.#inputs.get(source.path);
    if (fd === undefined) {
      fd = openSync(source.path, 'r');
      this.#inputs.set(source.path, fd);
    }
    return readRows(fd, source, begin, end);
  }

  write(data: NodeJS.TypedArray, offset: number): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, 1 << 30);
      done += writeSync(this.#target, bytes, done, length, offset + done);
    }
  }

  close(): void {
    closeSync(this.#target);
    for (const fd of this.#inputs.values()) closeSync(fd);
  }
}
