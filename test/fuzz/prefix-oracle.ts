/**
 * The prefix cache as a flat list of pages that will always tell the truth: no tree, no splits, no queue,
 * every question answered by looking at everything. One entry per cached page, by its whole prefix.
 */
import type { InsertRequest, MatchRequest } from '../../src/cache/prefix-cache.js';

interface Entry {
  page: number;
  decodeMade: boolean;
  lastAccess: number;
  readonly parentKey: string;
}

interface HeldPrefix {
  readonly epoch: number;
  readonly keys: readonly string[];
  /** Page ids that the holder may know for these keys, replaced ones included. */
  readonly pages: Set<number>;
}

export interface OracleCounts {
  readonly freePages: number;
  readonly evictablePages: number;
  readonly lockedPages: number;
  readonly leasedPages: number;
}

export class PrefixOracle {
  /** What each epoch's requests see; all but the last are kept only for the locks on them. */
  readonly #worlds: Map<string, Entry>[] = [new Map<string, Entry>()];
  readonly #locks = new Map<number, HeldPrefix>();
  #now = 0;
  #numLeased = 0;

  constructor(
    readonly numPages: number,
    readonly pageSizeTokens: number,
  ) {}

  /** Names the rows `[0, end of page)`: equal names, equal K and V. */
  key(namespace: string, tokens: Int32Array, page: number): string {
    return `${namespace}|${tokens.subarray(0, (page + 1) * this.pageSizeTokens).join(',')}`;
  }

  probe(namespace: string, tokens: Int32Array): number {
    return this.#longest(namespace, tokens, () => true).length * this.pageSizeTokens;
  }

  /** The pages that a match must return. */
  expectMatch(request: MatchRequest): number[] {
    const { namespace, tokens, maxTokens } = request;
    const fits = (entry: Entry, page: number): boolean =>
      (page + 1) * this.pageSizeTokens <= maxTokens && this.#rowsFit(entry, page, request);
    return this.#longest(namespace, tokens, fits).map((entry) => entry.page);
  }

  matched(request: MatchRequest, numPages: number, lock: number): void {
    if (lock !== 0) this.#hold(this.#epoch, this.#keys(request, numPages), lock);
  }

  /** Applies an insert and returns the canonical pages. */
  insert(request: InsertRequest, newLock: number): number[] {
    const epoch = this.#locks.get(request.lock)?.epoch ?? this.#epoch;
    const keys = this.#keys(request, request.pages.length);
    const world = this.#worlds[epoch] ?? new Map<string, Entry>();
    keys.forEach((key, i) => {
      this.#insertPage(world, epoch, { key, parentKey: keys[i - 1] ?? '', page: i }, request);
    });
    this.#numLeased -= Math.max(0, keys.length - request.ownFrom);
    this.#now++;
    for (const key of keys) this.#entry(epoch, key).lastAccess = this.#now;
    const pages = keys.map((key) => this.#entry(epoch, key).page);
    if (newLock !== 0) this.#hold(epoch, keys, newLock);
    this.unlock(request.lock);
    return pages;
  }

  unlock(lock: number): void {
    this.#locks.delete(lock);
    this.#worlds.forEach((world, epoch) => {
      if (epoch === this.#epoch) return;
      for (const key of world.keys()) if (!this.#isLocked(epoch, key)) world.delete(key);
    });
  }

  flush(): void {
    this.#worlds.push(new Map<string, Entry>());
    this.unlock(0);
  }

  /** Returns how many pages a lease must bring. */
  lease(numPages: number): number {
    while (this.counts().freePages < numPages && this.#evictOne());
    const count = Math.min(numPages, this.counts().freePages);
    this.#numLeased += count;
    return count;
  }

  giveBack(numPages: number): void {
    this.#numLeased -= numPages;
  }

  counts(): OracleCounts {
    const cached = new Set<number>();
    const locked = new Set<number>();
    for (const world of this.#worlds) for (const { page } of world.values()) cached.add(page);
    for (const { pages } of this.#locks.values()) for (const page of pages) locked.add(page);
    const numCached = new Set([...cached, ...locked]).size;
    return {
      freePages: this.numPages - numCached - this.#numLeased,
      evictablePages: numCached - locked.size,
      lockedPages: locked.size,
      leasedPages: this.#numLeased,
    };
  }

  get #epoch(): number {
    return this.#worlds.length - 1;
  }

  #keys({ namespace, tokens }: MatchRequest | InsertRequest, numPages: number): string[] {
    return Array.from({ length: numPages }, (_, page) => this.key(namespace, tokens, page));
  }

  #entry(epoch: number, key: string): Entry {
    const entry = this.#worlds[epoch]?.get(key);
    if (entry === undefined) throw new Error(`the oracle lost ${key}`);
    return entry;
  }

  #longest(
    namespace: string,
    tokens: Int32Array,
    fits: (entry: Entry, page: number) => boolean,
  ): Entry[] {
    const found: Entry[] = [];
    for (let page = 0; (page + 1) * this.pageSizeTokens <= tokens.length; page++) {
      const entry = this.#worlds[this.#epoch]?.get(this.key(namespace, tokens, page));
      if (entry === undefined || !fits(entry, page)) break;
      found.push(entry);
    }
    return found;
  }

  #rowsFit(entry: Entry, page: number, { prefillTokens, strict }: MatchRequest): boolean {
    const firstRow = page * this.pageSizeTokens;
    const lastRow = firstRow + this.pageSizeTokens - 1;
    if (strict && firstRow < prefillTokens && entry.decodeMade) return false;
    return lastRow < prefillTokens || entry.decodeMade;
  }

  #insertPage(
    world: Map<string, Entry>,
    epoch: number,
    at: { readonly key: string; readonly parentKey: string; readonly page: number },
    request: InsertRequest,
  ): void {
    const page = request.pages[at.page] ?? -1;
    const decodeMade = (at.page + 1) * this.pageSizeTokens > request.prefillTokens;
    const entry = world.get(at.key);
    if (entry === undefined) {
      world.set(at.key, { page, decodeMade, lastAccess: 0, parentKey: at.parentKey });
    } else if (at.page >= request.ownFrom && entry.decodeMade && !decodeMade) {
      entry.page = page;
      entry.decodeMade = false;
      for (const lock of this.#locks.values()) {
        if (lock.epoch === epoch && lock.keys.includes(at.key)) lock.pages.add(page);
      }
    }
  }

  #hold(epoch: number, keys: readonly string[], lock: number): void {
    const pages = new Set(keys.map((key) => this.#entry(epoch, key).page));
    this.#locks.set(lock, { epoch, keys, pages });
    this.#now++;
    for (const key of keys) this.#entry(epoch, key).lastAccess = this.#now;
  }

  #isLocked(epoch: number, key: string): boolean {
    return [...this.#locks.values()].some(
      (lock) => lock.epoch === epoch && lock.keys.includes(key),
    );
  }

  /** The least recently used page that nothing continues and nobody holds. */
  #evictOne(): boolean {
    const world = this.#worlds[this.#epoch] ?? new Map<string, Entry>();
    const parents = new Set([...world.values()].map((entry) => entry.parentKey));
    const [oldest] = [...world]
      .filter(([key]) => !parents.has(key) && !this.#isLocked(this.#epoch, key))
      .sort(([, a], [, b]) => a.lastAccess - b.lastAccess);
    return oldest !== undefined && world.delete(oldest[0]);
  }
}
