import assert from 'node:assert/strict';
import type { TreeKey } from '../messages.js';
import type { Req } from './req.js';

/**
 * A request's stay in one slot: from admission to the `free` of that slot.
 *
 * Rows:  0 ≤ cachedLen ≤ plannedLen ≤ req.maxRows
 *   `[0, cachedLen)` were loaded from pages, `[cachedLen, plannedLen)` are computed by the steps posted so far.
 * Pages: 0 ≤ numTreePages ≤ numStoredPages ≤ pages.length
 *   `pages[0, numTreePages)` are the tree's, held by `lock`; the others are leased and this run's alone.
 *   Bytes of `pages[0, numStoredPages)` are (or will be, by a posted step) on the page.
 */
export class Run {
  readonly pages: number[];
  readonly cachedLen: number;
  /** Outputs known when the slot was opened: they are replayed, not sampled. */
  readonly numPriorOutputs: number;
  plannedLen: number;
  numTreePages: number;
  numStoredPages: number;
  lock: number;
  /** Pages of an insert whose reply has not come: until then the lock is unknown. 0 = none. */
  numPagesInserting = 0;
  numStepsInFlight = 0;
  /** Number of the last step that stores rows of this slot; -1 = none. */
  lastStoreStep = -1;
  /** Chosen as a victim: no new rows; leaves when the posted ones are back. */
  retracting = false;

  /** Rows to store when the slot closes. */
  closeRows = 0;
  /** Rows to give to the tree once the slot is closed; null while main still checks the text. */
  keepRows: number | null = null;
  slotClosed = false;
  pagesReleased = false;

  constructor(
    readonly req: Req,
    readonly tree: TreeKey,
    readonly slot: number,
    from: { readonly cachedLen: number; readonly pages: readonly number[]; readonly lock: number },
    pageSizeTokens: number,
  ) {
    this.pages = [...from.pages];
    this.cachedLen = from.cachedLen;
    this.plannedLen = from.cachedLen;
    this.numTreePages = from.cachedLen / pageSizeTokens;
    this.numStoredPages = this.numTreePages;
    this.lock = from.lock;
    this.numPriorOutputs = req.outputIds.length;
    this.check();
  }

  /** True while it is the stay that its request has now and tokens of it count. */
  get isLive(): boolean {
    return this.req.run === this && this.req.phase === 'running';
  }

  get prefillLeft(): number {
    return Math.max(0, this.req.promptLen - this.plannedLen);
  }

  get canPrefill(): boolean {
    return !this.retracting && this.prefillLeft > 0;
  }

  get canDecode(): boolean {
    return !this.retracting && this.prefillLeft === 0 && this.plannedLen < this.req.maxRows;
  }

  /** Rows whose tokens are known and whose KV the posted steps certainly make. */
  get knownRows(): number {
    const { promptLen, outputIds } = this.req;
    if (outputIds.length === 0) return this.plannedLen;
    return Math.min(this.plannedLen, promptLen + outputIds.length - 1);
  }

  advance(numRows: number): void {
    this.plannedLen += numRows;
    this.check();
  }

  private check(): void {
    assert(this.cachedLen <= this.plannedLen && this.plannedLen <= this.req.maxRows, 'run: rows');
    assert(
      this.numTreePages <= this.numStoredPages && this.numStoredPages <= this.pages.length,
      'run: pages',
    );
  }
}
