/**
 * Which of the device's pages is whose. Page ids are `[0, numPages)`. Places of recurrent states are such pages too, of
 * another allocator.
 *
 *             lease               adopt
 *     free ──────────> leased ──────────> cached
 *      ↑ ↑──────────────┘                   │
 *      │    giveBack                        │
 *      └────────────────────────────────────┘ release
 */
import { CacheMisuse } from './prefix-cache.js';

const FREE = 0;
const LEASED = 1;
const CACHED = 2;
/** Only inside {@link PageAllocator.requireLeased}: finds a page that is listed twice. */
const SEEN = 3;

export type PageOwner = 'free' | 'leased' | 'cached';

export class PageAllocator {
  readonly #owners: Uint8Array;
  /** A stack: `[0, numFree)` are the free page ids. */
  readonly #freeList: Int32Array;
  #numFree: number;
  #numLeased = 0;

  /** @param noun what a page is, for who misuses it */
  constructor(
    readonly numPages: number,
    readonly noun: 'page' | 'place' = 'page',
  ) {
    this.#owners = new Uint8Array(numPages);
    this.#freeList = Int32Array.from({ length: numPages }, (_, i) => numPages - 1 - i);
    this.#numFree = numPages;
  }

  get numFree(): number {
    return this.#numFree;
  }

  get numLeased(): number {
    return this.#numLeased;
  }

  get numCached(): number {
    return this.numPages - this.#numFree - this.#numLeased;
  }

  /** Takes `min(numPages, numFree)` pages. */
  lease(numPages: number): Int32Array {
    const count = Math.min(numPages, this.#numFree);
    const pages = this.#freeList.slice(this.#numFree - count, this.#numFree).reverse();
    this.#numFree -= count;
    this.#numLeased += count;
    for (const page of pages) this.#owners[page] = LEASED;
    return pages;
  }

  /** Throws {@link CacheMisuse} unless all `pages` are leased and none is listed twice. */
  requireLeased(pages: Int32Array): void {
    const wrong = pages.findIndex((page) => {
      if (this.#owners[page] !== LEASED) return true;
      this.#owners[page] = SEEN;
      return false;
    });
    const numSeen = wrong === -1 ? pages.length : wrong;
    for (const page of pages.subarray(0, numSeen)) this.#owners[page] = LEASED;
    if (wrong === -1) return;
    const page = pages[wrong] as number;
    const how = pages.indexOf(page) < wrong ? 'listed twice' : (this.ownerOf(page) ?? 'unknown');
    throw new CacheMisuse(`${this.noun} ${page} is not leased: it is ${how}`);
  }

  /** Those of `pages` that are leased, each once. */
  leasedOf(pages: Int32Array): Int32Array {
    const leased = pages.filter((page) => this.#owners[page] === LEASED);
    return Int32Array.from(new Set(leased));
  }

  /** Leased pages become free; {@link requireLeased} is the caller's business. */
  giveBack(pages: Int32Array): void {
    this.#numLeased -= pages.length;
    this.#free(pages);
  }

  /** Leased pages become cached. */
  adopt(pages: Int32Array): void {
    this.#numLeased -= pages.length;
    for (const page of pages) this.#owners[page] = CACHED;
  }

  /** Cached pages become free. */
  release(pages: Int32Array): void {
    this.#free(pages);
  }

  /** Whose a page is; undefined for an id outside `[0, numPages)`. */
  ownerOf(page: number): PageOwner | undefined {
    const owners: readonly PageOwner[] = ['free', 'leased', 'cached'];
    return owners[this.#owners[page] ?? -1];
  }

  /** The free page ids, for the invariants. */
  freePages(): Int32Array {
    return this.#freeList.slice(0, this.#numFree);
  }

  #free(pages: Int32Array): void {
    for (const page of pages) this.#owners[page] = FREE;
    this.#freeList.set(pages, this.#numFree);
    this.#numFree += pages.length;
  }
}
