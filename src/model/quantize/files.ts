import { closeSync, openSync, writeSync } from 'node:fs';

import { InputFiles } from '../weights/input-files.js';
import type { KeptBlocks } from '../weights/kept-blocks.js';
import { type KeptRows, readKeptRows } from '../weights/kept-rows.js';
import type { StoredTensor } from '../weights/packing.js';
import { readFloats, readRows } from '../weights/stored-rows.js';
import type { WriteRecorder } from './written.js';

/** The files that one job reads and writes, closed at its end. */
export class JobFiles {
  readonly #inputs = new InputFiles();
  readonly #target: number;
  readonly #written: WriteRecorder | null;

  constructor(target: string, written: WriteRecorder | null) {
    this.#target = openSync(target, 'r+');
    this.#written = written;
  }

  /** Rows `[begin, end)` as f32. */
  floats(source: StoredTensor, begin: number, end: number): Float32Array {
    return readFloats(this.#inputs, source, begin, end);
  }

  /** A whole vector as f32. */
  vector(source: StoredTensor): Float32Array {
    return this.floats(source, 0, source.shape[0] ?? 1);
  }

  /** Rows `[begin, end)` of a weight whose codes stay as they are. */
  kept(source: StoredTensor, blocks: KeptBlocks, begin: number, end: number): KeptRows {
    return readKeptRows(this.#inputs, source, blocks, { begin, end });
  }

  /** Rows `[begin, end)` as they are stored. */
  raw(source: StoredTensor, begin: number, end: number): Uint8Array {
    return readRows(this.#inputs, source, { begin, end });
  }

  write(data: NodeJS.TypedArray, offset: number): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#written?.note(bytes, offset);
    let done = 0;
    while (done < bytes.length) {
      const length = Math.min(bytes.length - done, 1 << 30);
      done += writeSync(this.#target, bytes, done, length, offset + done);
    }
  }

  close(): void {
    closeSync(this.#target);
    this.#inputs.close();
  }
}
