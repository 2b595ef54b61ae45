import type { LoadRow, MapRow, SaveRow } from '../../core/batch.js';
import type { DeviceLimits } from '../../messages.js';
import type { KvStore } from '../backend.js';

interface Table {
  /** By place: rows `[i * pageSize, (i + 1) * pageSize)` are on `pages[i]`. */
  readonly pages: number[];
  length: number;
}

/**
 * K and V on pages inside the session: a slot is a block table, which the plans' maps fill. The pages are those that
 * the scheduler holds for the slot's request, so nothing is ever copied: to load or to store is to check.
 */
export class PagedKv implements KvStore {
  readonly limits: DeviceLimits;
  readonly #tables = new Map<number, Table>();

  constructor(limits: DeviceLimits) {
    this.limits = limits;
  }

  /** The page behind all others: rows that nobody asked for are written there. */
  get sparePage(): number {
    return this.limits.numPages;
  }

  open(slot: number): void {
    if (this.#tables.has(slot)) throw new Error(`this is a bug: slot ${slot} is open already`);
    this.#tables.set(slot, { pages: [], length: 0 });
  }

  free(slot: number): void {
    this.#tableOf(slot);
    this.#tables.delete(slot);
  }

  lengthOf(slot: number): number {
    return this.#tables.get(slot)?.length ?? 0;
  }

  setLength(slot: number, length: number): void {
    const table = this.#tableOf(slot);
    if (length > table.pages.length * this.limits.pageSizeTokens) {
      throw new Error(`this is a bug: slot ${slot} has no page for row ${length - 1}`);
    }
    table.length = length;
  }

  map({ slot, fromPage, pages }: MapRow): void {
    const table = this.#tableOf(slot).pages;
    if (fromPage > table.length) {
      throw new Error(`this is a bug: a map of slot ${slot} leaves out page ${table.length}`);
    }
    for (const [i, page] of pages.entries()) {
      if (page < 0 || page >= this.limits.numPages) {
        throw new Error(`this is a bug: page ${page} of ${this.limits.numPages}`);
      }
      table[fromPage + i] = page;
    }
  }

  /** No model that keeps a state is here (require-paged.ts). */
  saveStates(saves: readonly SaveRow[]): void {
    if (saves.length > 0) throw new Error('this is a bug: no state is kept on a GPU');
  }

  load({ slot, numTokens, pages }: LoadRow): void {
    this.#check(slot, 0, pages);
    this.setLength(slot, numTokens);
  }

  store(slot: number, fromToken: number, pages: Int32Array): void {
    this.#check(slot, fromToken / this.limits.pageSizeTokens, pages);
  }

  arrange(decoding: ReadonlySet<number>): readonly number[] {
    return [...decoding];
  }

  /** Pages belong to the session: memory comes back with its release. */
  giveBackMemory(): void {
    // A slot is a few numbers.
  }

  renew(): Promise<void> {
    return Promise.resolve();
  }

  /** Pages of rows `[0, numRows)`; what the slot has no page for is on the spare one. */
  pagesOf(slot: number, numRows: number): readonly number[] {
    const { pages } = this.#tableOf(slot);
    const numPages = Math.ceil(numRows / this.limits.pageSizeTokens);
    return Array.from({ length: numPages }, (_, i) => pages[i] ?? this.sparePage);
  }

  #check(slot: number, fromPage: number, pages: Int32Array): void {
    const mapped = this.#tableOf(slot).pages;
    pages.forEach((page, i) => {
      if (mapped[fromPage + i] === page) return;
      throw new Error(`this is a bug: slot ${slot} has another page than ${page} mapped`);
    });
  }

  #tableOf(slot: number): Table {
    const table = this.#tables.get(slot);
    if (table === undefined) throw new Error(`this is a bug: slot ${slot} is not open`);
    return table;
  }
}
