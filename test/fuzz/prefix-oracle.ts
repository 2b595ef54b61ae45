/**
 * The prefix cache as a flat list of pages that will always tell the truth: no tree, no splits, no queue,
 * every question answered by looking at everything. One entry per cached page, by its whole prefix.
 */
import type { InsertRequest, MatchRequest } from '../../src/cache/prefix-cache.js';
import type { StateCounts } from '../../src/messages.js';

interface Entry {
  page: number;
  decodeMade: boolean;
  lastAccess: number;
  readonly parentKey: string;
  /** Place of the state behind it; null = none. */
  state: number | null;
  stateAccess: number;
}

interface HeldPrefix {
  readonly epoch: number;
  readonly keys: readonly string[];
  /** Page ids that the holder may know for these keys, replaced ones included. */
  readonly pages: Set<number>;
  /** Places of states behind pages that were replaced. */
  readonly places: Set<number>;
}

export interface OracleCounts {
  readonly freePages: number;
  readonly evictablePages: number;
  readonly lockedPages: number;
  readonly leasedPages: number;
}

/** What a match must return. */
export interface ExpectedMatch {
  readonly pages: number[];
  /** Place of the state, or -1. */
  readonly statePlace: number;
  /** Pages that there are rows of, a state behind them or not. */
  readonly numRowPages: number;
}

export class PrefixOracle {
  /** What each epoch's requests see; all but the last are kept only for the locks on them. */
  readonly #worlds: Map<string, Entry>[] = [new Map<string, Entry>()];
  readonly #locks = new Map<number, HeldPrefix>();
  #now = 0;
  #numLeased = 0;
  #numLeasedPlaces = 0;

  constructor(
    readonly numPages: number,
    readonly pageSizeTokens: number,
    /** 0 = rows are enough to go on from. */
    readonly numPlaces = 0,
  ) {}

  /** Names the rows `[0, end of page)`: equal names, equal K and V. */
  key(namespace: string, tokens: Int32Array, page: number): string {
    return `${namespace}|${tokens.subarray(0, (page + 1) * this.pageSizeTokens).join(',')}`;
  }

  probe(namespace: string, tokens: Int32Array): number {
    const found = this.#longest(namespace, tokens, () => true);
    return this.#withState(found).length * this.pageSizeTokens;
  }

  expectMatch(request: MatchRequest): ExpectedMatch {
    const { namespace, tokens, maxTokens } = request;
    const fits = (entry: Entry, page: number): boolean =>
      (page + 1) * this.pageSizeTokens <= maxTokens && this.#rowsFit(entry, page, request);
    const rows = this.#longest(namespace, tokens, fits);
    const found = this.#withState(rows);
    return {
      pages: found.map((entry) => entry.page),
      statePlace: found.at(-1)?.state ?? -1,
      numRowPages: rows.length,
    };
  }

  matched(request: MatchRequest, numPages: number, lock: number): void {
    if (lock === 0) return;
    const keys = this.#keys(request, numPages);
    this.#hold(this.#epoch, keys, lock);
    this.#entry(this.#epoch, keys.at(-1) ?? '').stateAccess = ++this.#now;
  }

  /** Up to the last one with a state, where states are kept. */
  #withState(found: readonly Entry[]): readonly Entry[] {
    if (this.numPlaces === 0) return found;
    return found.slice(0, found.findLastIndex(({ state }) => state !== null) + 1);
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
    for (const { numTokens, place } of request.states ?? []) {
      this.#numLeasedPlaces--;
      const entry = this.#entry(epoch, keys[numTokens / this.pageSizeTokens - 1] ?? '');
      const isMadeAlike = entry.decodeMade === numTokens > request.prefillTokens;
      if (epoch !== this.#epoch || !isMadeAlike) continue;
      entry.state ??= place;
      entry.stateAccess = ++this.#now;
    }
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

  /** Returns how many places a lease must bring. */
  leaseStates(numPlaces: number): number {
    while (this.stateCounts().free < numPlaces && this.#evictState());
    const count = Math.min(numPlaces, this.stateCounts().free);
    this.#numLeasedPlaces += count;
    return count;
  }

  giveBackStates(numPlaces: number): void {
    this.#numLeasedPlaces -= numPlaces;
  }

  stateCounts(): StateCounts {
    const kept = new Set<number>();
    for (const world of this.#worlds) {
      for (const { state } of world.values()) if (state !== null) kept.add(state);
    }
    for (const { places } of this.#locks.values()) for (const place of places) kept.add(place);
    const leased = this.#numLeasedPlaces;
    return {
      total: this.numPlaces,
      free: this.numPlaces - kept.size - leased,
      kept: kept.size,
      leased,
    };
  }

  /** The least recently used state at which no lock ends. */
  #evictState(): boolean {
    const ends = new Set(
      [...this.#locks.values()].map(({ epoch, keys }) => `${epoch} ${keys.at(-1) ?? ''}`),
    );
    const [oldest] = this.#worlds
      .flatMap((world, epoch) =>
        [...world].map(([key, entry]) => ({ end: `${epoch} ${key}`, entry })),
      )
      .filter(({ end, entry }) => entry.state !== null && !ends.has(end))
      .sort((a, b) => a.entry.stateAccess - b.entry.stateAccess);
    if (oldest === undefined) return false;
    oldest.entry.state = null;
    return true;
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
      const { parentKey } = at;
      const none = { lastAccess: 0, state: null, stateAccess: 0 };
      world.set(at.key, { page, decodeMade, parentKey, ...none });
    } else if (at.page >= request.ownFrom && entry.decodeMade && !decodeMade) {
      entry.page = page;
      entry.decodeMade = false;
      for (const lock of this.#locks.values()) {
        if (lock.epoch !== epoch || !lock.keys.includes(at.key)) continue;
        lock.pages.add(page);
        if (entry.state !== null) lock.places.add(entry.state);
      }
      entry.state = null;
    }
  }

  #hold(epoch: number, keys: readonly string[], lock: number): void {
    const pages = new Set(keys.map((key) => this.#entry(epoch, key).page));
    this.#locks.set(lock, { epoch, keys, pages, places: new Set() });
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
