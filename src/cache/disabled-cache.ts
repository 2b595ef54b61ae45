/** `--disable-radix-cache`: accounts for pages and shares none. */
import { PageAllocator } from './page-allocator.js';
import {
  CacheMisuse,
  NO_PAGES,
  requireCount,
  type CacheState,
  type InsertRequest,
  type InsertResult,
  type LeftOfInsert,
  type MatchResult,
  type PrefixCache,
  type TreeObserver,
} from './prefix-cache.js';
import { TreeReader } from './tree-reader.js';

export class DisabledCache implements PrefixCache {
  readonly keepsStates = false;
  readonly reader = new TreeReader(new Map());
  readonly clock = 0;
  observer: TreeObserver | null = null;
  readonly #pool: PageAllocator;
  #epoch = 0;

  constructor(
    numPages: number,
    readonly pageSizeTokens: number,
    readonly weightsEpoch = 0,
  ) {
    this.#pool = new PageAllocator(numPages);
  }

  probe(): number {
    return 0;
  }

  match(): MatchResult {
    return { numTokens: 0, pages: NO_PAGES, lock: 0 };
  }

  /** Keeps nothing: with `relock` the caller goes on with its own pages, without they are freed. */
  insert(request: InsertRequest): InsertResult {
    if (request.lock !== 0 || request.ownFrom !== 0) {
      throw new CacheMisuse('a disabled cache gave out no pages and no lock');
    }
    this.#pool.requireLeased(request.pages);
    if (!request.relock) this.#pool.giveBack(request.pages);
    return { pages: NO_PAGES, lock: 0 };
  }

  leftOf({ pages, ownFrom }: InsertRequest): LeftOfInsert {
    return { pages: this.#pool.leasedOf(pages.subarray(ownFrom)), lock: 0, states: NO_PAGES };
  }

  unlock(lock: number): void {
    throw new CacheMisuse(`lock ${lock} is not held: the cache is disabled`);
  }

  lease(numPages: number): Int32Array {
    requireCount('numPages', numPages);
    return this.#pool.lease(numPages);
  }

  giveBack(pages: Int32Array): void {
    this.#pool.requireLeased(pages);
    this.#pool.giveBack(pages);
  }

  leaseStates(numPlaces: number): Int32Array {
    requireCount('numPlaces', numPlaces);
    return NO_PAGES;
  }

  giveBackStates(places: Int32Array): void {
    if (places.length > 0) throw new CacheMisuse('a disabled cache has no places for states');
  }

  flush(): void {
    this.#epoch++;
  }

  close(): void {
    return;
  }

  state(): CacheState {
    return {
      totalPages: this.#pool.numPages,
      freePages: this.#pool.numFree,
      evictablePages: 0,
      lockedPages: 0,
      leasedPages: this.#pool.numLeased,
      numNodes: 0,
      epoch: this.#epoch,
    };
  }

  violations(): readonly string[] {
    const { numCached } = this.#pool;
    return numCached === 0 ? [] : [`${numCached} pages are cached in a disabled cache`];
  }
}
