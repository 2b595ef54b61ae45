import assert from 'node:assert/strict';
import { Lease } from './lease.js';

/**
 * The pages of one device that are out of the cache actor's free list: a few idle ones, leased ahead so
 * that a growing request waits for nobody, and those that seats hold.
 */
export class PageLease extends Lease {
  /** Pages that the next admission lacks. */
  numWanted = 0;
  /** refs[page] = seats that name the page. */
  readonly #refs: Int32Array;
  #numHeld = 0;

  constructor(readonly numPages: number) {
    super();
    this.#refs = new Int32Array(numPages + 1);
  }

  /** Distinct pages that seats name: locked in the tree or leased for one seat. */
  get numHeldPages(): number {
    return this.#numHeld;
  }

  hold(pages: Iterable<number>): void {
    for (const page of pages) {
      const before = this.#refs[page] ?? 0;
      if (before === 0) this.#numHeld++;
      this.#refs[page] = before + 1;
    }
  }

  drop(pages: Iterable<number>): void {
    for (const page of pages) {
      const before = this.#refs[page] ?? 0;
      assert(before > 0, 'lease: a page was dropped twice');
      this.#refs[page] = before - 1;
      if (before === 1) this.#numHeld--;
    }
  }

  isHeld(page: number): boolean {
    return (this.#refs[page] ?? 0) > 0;
  }

  /** How many of `pages` would be nobody's if one holder dropped them. */
  numSoleHeld(pages: Iterable<number>): number {
    let count = 0;
    for (const page of pages) if (this.#refs[page] === 1) count++;
    return count;
  }
}
