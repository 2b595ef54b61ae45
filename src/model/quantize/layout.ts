import { DTYPE_BYTES, type TensorDtype, type TensorRef } from '../weights/weight-store.js';

/** The one data file of a cache entry. */
export const WEIGHTS_FILE = 'weights.bin';

/** A cache line; wide enough for every vector load. */
const ALIGNMENT = 64;

/** Hands out byte ranges of the cache file, one behind the other. */
export class CacheLayout {
  #bytes = 0;

  /** Bytes of the whole file so far. */
  get fileBytes(): number {
    return this.#bytes;
  }

  /** The next range that holds `shape` of `dtype`, aligned. */
  place(dtype: TensorDtype, shape: readonly number[]): TensorRef {
    const offset = Math.ceil(this.#bytes / ALIGNMENT) * ALIGNMENT;
    const byteLength = shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
    this.#bytes = offset + byteLength;
    return { file: WEIGHTS_FILE, offset, byteLength, dtype, shape };
  }
}
