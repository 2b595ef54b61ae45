import type { InsertPrefix, RefusedInsert } from '../../messages.js';
import type { Req } from '../req.js';
import type { SeatHome } from './home.js';
import { PageRuns, type PageRun } from './page-runs.js';
import type { SeatStates } from './states.js';

/** Pages that a new seat gets: those of its match, held by `lock`, and leased ones. */
export interface PagesToHold {
  readonly matched: Int32Array;
  readonly lock: number;
  readonly leased: readonly number[];
  /** What goes to the tree with the pages; null = rows alone are enough. */
  readonly states: SeatStates | null;
}

/**
 * The pages and the lock of one seat. Who frees a page? {@link SeatPages.release}, and nothing else.
 *
 *     0 ≤ #numTree ≤ #numStored ≤ #pages.length
 *
 * `[0, #numTree)` are the tree's, held by the lock; the others are leased and this seat's alone. Bytes of
 * `[0, #numStored)` are (or will be, by a posted step) on the page.
 */
export class SeatPages {
  readonly #home: SeatHome;
  readonly #req: Req;
  /** Empty once they are back. */
  #pages: number[];
  readonly #states: SeatStates | null;
  #numTree: number;
  #numStored: number;
  #lock: number;
  /** Pages of an insert whose reply has not come: until then the lock is unknown. 0 = none. */
  #numInserting = 0;
  /** Places of the list whose page the device was not told. */
  readonly #untold = new PageRuns();

  constructor(home: SeatHome, req: Req, { matched, lock, leased, states }: PagesToHold) {
    this.#home = home;
    this.#req = req;
    this.#pages = [...matched, ...leased];
    this.#numTree = matched.length;
    this.#numStored = matched.length;
    this.#lock = lock;
    this.#states = states;
    for (const place of this.#pages.keys()) this.#untold.add(place);
    home.pages.hold(this.#pages);
  }

  get length(): number {
    return this.#pages.length;
  }

  get areBack(): boolean {
    return this.#pages.length === 0;
  }

  get isInserting(): boolean {
    return this.#numInserting > 0;
  }

  get numTree(): number {
    return this.#numTree;
  }

  /** Pages that nobody else would hold if this seat did not. */
  get numSoleHeld(): number {
    return this.#home.pages.numSoleHeld(this.#pages);
  }

  /** Pages that are neither the tree's nor on their way into it. */
  get own(): readonly number[] {
    return this.#pages.slice(Math.max(this.#numTree, this.#numInserting));
  }

  /** `[0, numPages)` */
  first(numPages: number): Int32Array {
    return Int32Array.from(this.#pages.slice(0, numPages));
  }

  /** One more page; false when none is idle. */
  grow(): boolean {
    const { pages } = this.#home;
    if (pages.idle.length === 0) return false;
    const taken = pages.take(1);
    pages.hold(taken);
    this.#untold.add(this.#pages.length);
    this.#pages.push(...taken);
    return true;
  }

  get hasUntold(): boolean {
    return !this.#untold.isEmpty;
  }

  /** What the step that is being planned tells the device of the list. */
  tell(): PageRun[] {
    return this.#untold.take(this.#pages);
  }

  /** The pages up to `numPages` that have no bytes yet: the step that is being planned stores them. */
  store(numPages: number): PageRun | null {
    const fromPage = this.#numStored;
    if (numPages <= fromPage) return null;
    this.#numStored = numPages;
    return { fromPage, pages: Int32Array.from(this.#pages.slice(fromPage, numPages)) };
  }

  /** Gives the first pages to the tree and goes on holding them: the new lock comes with the reply. */
  insert(numPages: number): void {
    this.#home.outbox.op(this.#insertOp(numPages, true));
    this.#lock = 0;
    this.#numInserting = numPages;
    this.#home.released();
  }

  /** The inserted pages are the tree's now: maybe others than the seat's own, with the same rows. */
  inserted(reply: { readonly pages: Iterable<number>; readonly lock: number }): void {
    const { pages } = this.#home;
    const numPages = this.#numInserting;
    this.#numInserting = 0;
    if (this.areBack) {
      this.#home.unlock(reply.lock);
      return;
    }
    const trees = [...reply.pages];
    for (const [place, page] of trees.entries()) {
      if (page !== this.#pages[place]) this.#untold.add(place);
    }
    pages.drop(this.#pages.slice(0, numPages));
    this.#pages.splice(0, numPages, ...trees);
    pages.hold(trees);
    this.#numTree = numPages;
    this.#lock = reply.lock;
  }

  /**
   * The insert was refused: pages and lock stay as they were before it, or go back if nobody has them.
   * @param left what the cache actor did not take
   */
  notInserted(left: Pick<RefusedInsert, 'pages' | 'lock'>): void {
    const numPages = this.#numInserting;
    this.#numInserting = 0;
    if (this.areBack) {
      this.#home.takeBack(left);
      return;
    }
    this.#lock = left.lock;
    // Only an insert that broke off half-way leaves fewer: which are the tree's is not known here.
    if (left.pages.length < numPages - this.#numTree) this.#numTree = numPages;
  }

  /**
   * Everything goes back: the first `numKept` pages and the lock to the tree, the others to the idle ones.
   * While an insert is in flight its pages are the tree's, and their lock is dropped when it comes.
   */
  release(numKept: number): void {
    const { pages, outbox } = this.#home;
    pages.drop(this.#pages);
    this.#home.released();
    let numGiven = this.#numTree;
    if (this.#numInserting > 0) numGiven = this.#numInserting;
    else if (numKept <= this.#numTree) this.#home.unlock(this.#lock);
    else {
      outbox.op(this.#insertOp(numKept, false));
      numGiven = numKept;
    }
    pages.give(this.#pages.slice(numGiven));
    this.#states?.release();
    this.#pages = [];
    this.#numTree = 0;
    this.#numStored = 0;
    this.#lock = 0;
  }

  #insertOp(numPages: number, relock: boolean): InsertPrefix {
    const numTokens = numPages * this.#home.limits.pageSizeTokens;
    const states = this.#states?.give(numTokens) ?? [];
    return {
      op: 'insert',
      num: this.#req.num,
      tree: this.#home.tree,
      namespace: this.#req.input.namespace,
      tenant: this.#req.input.tenant,
      tokens: this.#req.tokens(numTokens),
      pages: this.first(numPages),
      ownFrom: this.#numTree,
      prefillTokens: Math.min(numTokens, this.#req.promptLen),
      lock: this.#lock,
      relock,
      ...(states.length > 0 && { states }),
    };
  }
}
