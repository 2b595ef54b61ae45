import { discard, tokenElements, virtualArrays, type KvArray, type KvShape } from './kv-arrays.js';
import { type KvSlots, NO_LAYOUT } from './kv-slots.js';

/** One buffer holds at most this many elements. */
const BUFFER_ELEMENTS = 2 ** 28;

export interface PoolOptions {
  readonly numPages: number;
  readonly pageSizeTokens: number;
}

/**
 * The bytes of the prefix cache:
 *
 *     [page][layer][k | v][kvHead][pageSize][headDim] f32 | i8
 *
 * in as many buffers as it takes, virtual memory until first written. Who owns a page is the cache
 * actor's business; this only copies.
 */
export class PagePool {
  readonly #shape: KvShape;
  readonly #options: PoolOptions;
  #buffers: readonly KvArray[];
  readonly #pagesPerBuffer: number;
  readonly #pageElements: number;

  constructor(shape: KvShape, options: PoolOptions) {
    this.#shape = shape;
    this.#options = options;
    this.#pageElements = pageElements(shape, options.pageSizeTokens);
    this.#pagesPerBuffer = Math.max(1, Math.floor(BUFFER_ELEMENTS / this.#pageElements));
    this.#buffers = this.#emptyBuffers();
  }

  /** Forgets all pages. Their memory is free when this settles. */
  renew(): Promise<void> {
    const old = this.#buffers;
    this.#buffers = this.#emptyBuffers();
    return discard(old);
  }

  /** Copies `pages` to rows `[0, pages.length * pageSize)` of a slot. */
  load(slots: KvSlots, slot: number, pages: Int32Array): void {
    this.#copy(slots, { slot, fromToken: 0, pages }, (page, pageAt, array, arrayAt, length) => {
      array.set(page.subarray(pageAt, pageAt + length), arrayAt);
    });
  }

  /** Copies rows `[fromToken, fromToken + pages.length * pageSize)` of a slot to `pages`. */
  store(slots: KvSlots, slot: number, fromToken: number, pages: Int32Array): void {
    this.#copy(slots, { slot, fromToken, pages }, (page, pageAt, array, arrayAt, length) => {
      page.set(array.subarray(arrayAt, arrayAt + length), pageAt);
    });
  }

  #copy(slots: KvSlots, rows: SlotPages, copyRun: CopyRun): void {
    const { pageSizeTokens } = this.#options;
    const row = slots.rowOf(rows.slot);
    rows.pages.forEach((page, index) => {
      const buffer = this.#bufferOf(page);
      let pageAt = (page % this.#pagesPerBuffer) * this.#pageElements;
      slots.arrays.forEach((array, nth) => {
        const { numKvHeads, headDim, rowElements } = slots.layouts[nth] ?? NO_LAYOUT;
        const runElements = pageSizeTokens * headDim;
        let arrayAt = row * rowElements + rows.fromToken * headDim + index * runElements;
        for (let head = 0; head < numKvHeads; head++) {
          copyRun(buffer, pageAt, array, arrayAt, runElements);
          pageAt += runElements;
          arrayAt += slots.slotRows * headDim;
        }
      });
    });
  }

  #emptyBuffers(): KvArray[] {
    const { numPages } = this.#options;
    const numBuffers = Math.ceil(numPages / this.#pagesPerBuffer);
    const lengths = Array.from({ length: numBuffers }, (_, i) => {
      const pagesHere = Math.min(this.#pagesPerBuffer, numPages - i * this.#pagesPerBuffer);
      return pagesHere * this.#pageElements;
    });
    return virtualArrays(this.#shape.type, lengths);
  }

  #bufferOf(page: number): KvArray {
    const buffer = this.#buffers[Math.floor(page / this.#pagesPerBuffer)];
    if (buffer === undefined || page < 0 || page >= this.#options.numPages) {
      throw new Error(`this is a bug: page ${page} of ${this.#options.numPages}`);
    }
    return buffer;
  }
}

interface SlotPages {
  readonly slot: number;
  readonly fromToken: number;
  readonly pages: Int32Array;
}

type CopyRun = (
  page: KvArray,
  pageAt: number,
  array: KvArray,
  arrayAt: number,
  length: number,
) => void;

/** Elements of one page. */
export function pageElements(shape: KvShape, pageSizeTokens: number): number {
  return tokenElements(shape) * pageSizeTokens;
}
