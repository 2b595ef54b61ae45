/**
 * KV as a device with pages has it: a row lies on a page and nowhere else, a slot is a list of pages, and loads and stores
 * move nothing. What a row holds is a number that the owner makes of its tokens. Throws when a step names pages
 * that the maps did not, writes where another slot or the tree may read, or reads what somebody overwrote.
 */
import assert from 'node:assert/strict';
import type { LoadRow, MapRow, StoreRow } from '../../src/core/batch.js';
import type { DeviceLimits } from '../../src/messages.js';

interface Page {
  /** Contents from its first row on. */
  rows: number[];
  /** All of it was promised to others. */
  isStored: boolean;
  /** Places of slots that can still write, or read, which it lies on. */
  numPlaces: number;
}

interface Table {
  readonly pages: number[];
  /** Rows `[0, sharedEnd)` lie on pages that others may read: loaded, stored, or the tree's. */
  sharedEnd: number;
  /** No step has rows of it any more: others may have its pages. */
  isLeaving: boolean;
}

export class PagedRows {
  /** Places that got another page. */
  numSwaps = 0;
  readonly #limits: DeviceLimits;
  readonly #pages = new Map<number, Page>();
  readonly #tables = new Map<number, Table>();

  constructor(limits: DeviceLimits) {
    this.#limits = limits;
  }

  open(slot: number): void {
    this.#tables.set(slot, { pages: [], sharedEnd: 0, isLeaving: false });
  }

  /** @param numRows rows that the slot has */
  map({ slot, fromPage, pages }: MapRow, numRows: number): void {
    const table = this.#table(slot);
    assert(fromPage <= table.pages.length, 'maps leave no hole');
    assert(pages.length > 0, 'a map of nothing');
    for (const [i, page] of pages.entries()) {
      const place = fromPage + i;
      const before = table.pages[place];
      assert.notEqual(page, before, `slot ${slot} was told of page ${page} already`);
      if (before !== undefined) {
        this.#page(before).numPlaces--;
        this.numSwaps++;
      }
      this.#page(page).numPlaces++;
      table.pages[place] = page;
      // Pages come to a place that has rows only from the tree.
      if (this.#endOf(place) <= numRows) this.#share(table, place);
    }
  }

  /** The contents of the rows. */
  load({ slot, numTokens, pages }: LoadRow): readonly number[] {
    const table = this.#table(slot);
    assert.equal(numTokens, pages.length * this.#limits.pageSizeTokens, 'whole pages are loaded');
    return [...pages].flatMap((page, place) => {
      assert.equal(page, table.pages[place], 'loads name the pages of the maps');
      this.#share(table, place);
      return this.#page(page).rows;
    });
  }

  /** The rows before the next one are those that the slot once had. */
  check(slot: number, rows: readonly number[]): void {
    const table = this.#table(slot);
    const { pageSizeTokens } = this.#limits;
    let content: readonly number[] = [];
    for (const [row, expected] of rows.entries()) {
      const offset = row % pageSizeTokens;
      if (offset === 0) content = this.#page(table.pages[row / pageSizeTokens] ?? -1).rows;
      if (content[offset] !== expected) assert.fail(`slot ${slot}: row ${row} was overwritten`);
    }
  }

  write(slot: number, row: number, content: number): void {
    const table = this.#table(slot);
    assert(!table.isLeaving, `slot ${slot} has rows in the step that frees it`);
    const { pageSizeTokens } = this.#limits;
    const id = table.pages[Math.floor(row / pageSizeTokens)];
    assert(id !== undefined, `row ${row} of slot ${slot} has no page`);
    const page = this.#page(id);
    assert(row >= table.sharedEnd, `row ${row} of slot ${slot} is written where others may read`);
    assert.equal(page.numPlaces, 1, `slot ${slot} writes page ${id}, which another slot has`);
    const offset = row % pageSizeTokens;
    if (offset === 0) Object.assign(page, { rows: [], isStored: false });
    assert(page.rows.length >= offset, 'rows of a page come one after the other');
    page.rows[offset] = content;
  }

  /** @param rows what the slot's rows must be */
  store({ slot, fromToken, pages }: StoreRow, rows: readonly number[]): void {
    const table = this.#table(slot);
    const { pageSizeTokens } = this.#limits;
    assert.equal(fromToken % pageSizeTokens, 0, 'stores begin at a page');
    for (const [i, id] of pages.entries()) {
      const place = fromToken / pageSizeTokens + i;
      assert.equal(id, table.pages[place], 'stores name the pages of the maps');
      const page = this.#page(id);
      const end = this.#endOf(place);
      assert(rows.length >= end, 'rows are stored that were not computed');
      const own = rows.slice(end - pageSizeTokens, end);
      assert.deepEqual(page.rows, own, `slot ${slot}: page ${id} was overwritten`);
      page.isStored = true;
      table.sharedEnd = Math.max(table.sharedEnd, end);
    }
  }

  /** The step frees the slot at its end: it writes no row more, and reads none. */
  leave(slot: number): void {
    const table = this.#table(slot);
    assert(!table.isLeaving, `slot ${slot} is freed twice`);
    table.isLeaving = true;
    for (const page of table.pages) this.#page(page).numPlaces--;
  }

  free(slot: number): void {
    this.#tables.delete(slot);
  }

  /** Nobody may write these rows any more: they are all there, and the page was stored. */
  #share(table: Table, place: number): void {
    const id = table.pages[place] ?? -1;
    const page = this.#page(id);
    assert(page.isStored, `page ${id} is read but was never stored`);
    assert.equal(page.rows.length, this.#limits.pageSizeTokens, `page ${id} is not whole`);
    table.sharedEnd = Math.max(table.sharedEnd, this.#endOf(place));
  }

  #endOf(place: number): number {
    return (place + 1) * this.#limits.pageSizeTokens;
  }

  #table(slot: number): Table {
    const found = this.#tables.get(slot);
    assert(found !== undefined, `slot ${slot} is not open`);
    return found;
  }

  #page(id: number): Page {
    assert(id >= 0 && id < this.#limits.numPages, `page ${id} is out of range`);
    const found = this.#pages.get(id) ?? { rows: [], isStored: false, numPlaces: 0 };
    this.#pages.set(id, found);
    return found;
  }
}
