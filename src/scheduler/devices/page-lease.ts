import assert from 'node:assert/strict';
import type { Leased } from '../../messages.js';

/**
 * The pages of one device that are out of the cache actor's free list: a few idle ones, leased ahead so
 * that a growing request waits for nobody, and those that seats hold.
 */
export class PageLease {
  readonly idle: number[] = [];
  /** Leases whose reply has not come, oldest first. */
  #asks: { readonly numPages: number; readonly numReleases: number }[] = [];
  #numReleases = 0;
  #isDry = false;
  /** Pages that the next admission lacks. */
  numWanted = 0;
  /** refs[page] = seats that name the page. */
  readonly #refs: Int32Array;
  #numHeld = 0;

  constructor(readonly numPages: number) {
    this.#refs = new Int32Array(numPages + 1);
  }

  /** Distinct pages that seats name: locked in the tree or leased for one seat. */
  get numHeldPages(): number {
    return this.#numHeld;
  }

  /** Moves `numPages` idle pages to a seat; the caller has looked at `idle.length`. */
  take(numPages: number): number[] {
    assert(numPages <= this.idle.length, 'lease: not enough idle pages');
    return numPages === 0 ? [] : this.idle.splice(-numPages);
  }

  give(pages: readonly number[]): void {
    for (const page of pages) this.idle.push(page);
  }

  /** A lease was posted. */
  asked(numPages: number): void {
    this.#asks.push({ numPages, numReleases: this.#numReleases });
  }

  receive(reply: Leased): void {
    const ask = this.#asks.shift();
    const sameSinceAsked = ask?.numReleases === this.#numReleases;
    this.#isDry = reply.pages.length < reply.asked && sameSinceAsked;
    for (const page of reply.pages) this.idle.push(page);
  }

  /** The cache actor refused a lease: what was asked will not come. */
  forgetAsked(): void {
    this.#asks = [];
  }

  /** Something was posted that may free pages: an unlock, an insert, a return. */
  released(): void {
    this.#numReleases++;
    this.#isDry = false;
  }

  /** Pages asked for whose reply has not come. */
  get numAsked(): number {
    return this.#asks.reduce((sum, { numPages }) => sum + numPages, 0);
  }

  /** The last lease brought less than asked, and nothing was released since: asking again is useless. */
  get dry(): boolean {
    return this.#isDry;
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
