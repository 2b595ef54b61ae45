import assert from 'node:assert/strict';
import type { LoadRow, MapRow, SaveRow, StoreRow } from '../../core/batch.js';
import type { Speculation } from '../../core/speculation.js';
import type { Inserted, KeptState, MatchedState, RefusedInsert, TreeKey } from '../../messages.js';
import type { Req } from '../req.js';
import type { SeatHome } from './home.js';
import { SeatPages } from './pages.js';
import { MAY, type SeatAct, type SeatPhase } from './phase.js';
import { SeatStates } from './states.js';

/** Rows that a turn may have whatever the last one brought: a draft of a new match fits, and few pages are bound. */
const TURN_ROWS_MIN = 16;

/**
 * One stay of a request in one slot, from admission until slot, pages and lock are back. `phase.ts` draws
 * its life; the seat moves itself between the sets of its device as it goes.
 *
 *     0 ≤ cachedLen ≤ plannedLen ≤ req.maxRows
 *
 * Rows `[0, cachedLen)` were loaded from pages, `[cachedLen, plannedLen)` are computed by the steps posted
 * so far. How many a turn of them adds is known when it is back: one counts as planned, and `numSpareRows` more have
 * pages.
 */
export class Seat {
  readonly req: Req;
  readonly slot: number;
  readonly cachedLen: number;
  /** Outputs known when the slot was opened: they are replayed, not sampled. */
  readonly numPriorOutputs: number;
  /** Null = its output rows are decode rows. */
  readonly speculation: Speculation | null;
  readonly #home: SeatHome<Seat>;
  readonly #pages: SeatPages;
  /** Null = rows alone are enough to go on from. */
  readonly #states: SeatStates | null;
  /** Of the match. */
  readonly #statePlace: number | null;
  #phase: SeatPhase = 'serving';
  #plannedLen: number;
  /** Rows that turns in flight may add beyond their first ones. */
  #numSpareRows = 0;
  /** Rows that the next turn may want. */
  #turnRows = TURN_ROWS_MIN;
  #numStepsInFlight = 0;
  /** The prompt's last row is to be computed again. */
  #isPromptUndone = false;
  /** Number of the last step that stores rows of this slot; -1 = none. */
  #lastStoreStep = -1;
  /** Rows to store when the slot closes. */
  #closeRows = 0;
  /** Rows to give to the tree once the slot is closed; null while they may turn out to be fewer. */
  #keepRows: number | null = null;

  /** Takes a slot, the match's pages and lock, and leased pages for all rows up to the first new token. */
  constructor(home: SeatHome<Seat>, req: Req, match: SeatMatch) {
    const slot = home.freeSlots.pop();
    assert(slot !== undefined, 'seat: no slot is free');
    this.#home = home;
    this.req = req;
    this.slot = slot;
    this.cachedLen = match.numTokens;
    this.numPriorOutputs = req.outputIds.length;
    this.speculation = req.canSpeculate ? home.speculation : null;
    this.#plannedLen = match.numTokens;
    const leased = home.pages.take(home.pagesFor(req.rowsToResume) - match.pages.length);
    const { pages: matched, lock, state } = match;
    const { pageSizeTokens } = home.limits;
    const { promptLen } = req;
    const { cachedLen } = this;
    const numRowTokens = state?.numRowTokens ?? 0;
    this.#statePlace = cachedLen > 0 ? (state?.place ?? null) : null;
    this.#states =
      home.states &&
      new SeatStates(home.states, { promptLen, cachedLen, pageSizeTokens, numRowTokens });
    this.#pages = new SeatPages(home, req, { matched, lock, leased, states: this.#states });
    home.seats.add(this);
    home.remapped.add(this);
  }

  get tree(): TreeKey {
    return this.#home.tree;
  }

  get phase(): SeatPhase {
    return this.#phase;
  }

  /** Tokens that its rows sample count. */
  get isLive(): boolean {
    return this.#phase === 'serving' || this.#phase === 'retracting';
  }

  get isRetracting(): boolean {
    return this.#phase === 'retracting';
  }

  /** No posted step has rows of it, and the lock of its pages is known. */
  get isQuiet(): boolean {
    return this.#numStepsInFlight === 0 && !this.#pages.isInserting;
  }

  get isInserting(): boolean {
    return this.#pages.isInserting;
  }

  get plannedLen(): number {
    return this.#plannedLen;
  }

  get prefillLeft(): number {
    return Math.max(0, this.req.promptLen - this.#plannedLen);
  }

  get canPrefill(): boolean {
    return this.#phase === 'serving' && this.prefillLeft > 0;
  }

  get canDecode(): boolean {
    const isPromptDone = this.prefillLeft === 0 && !this.#isPromptUndone;
    return this.#phase === 'serving' && isPromptDone && this.#plannedLen < this.req.maxRows;
  }

  /** All rows of the prompt are computed. */
  get isPrefillDone(): boolean {
    return this.prefillLeft === 0 && this.#numStepsInFlight === 0;
  }

  /** Pages that nobody else would hold if it left. */
  get numSoleHeldPages(): number {
    return this.#pages.numSoleHeld;
  }

  get numPages(): number {
    return this.#pages.length;
  }

  /** Pages that are the seat's alone: not the tree's, not on their way into it. */
  get ownPages(): readonly number[] {
    return this.#pages.own;
  }

  // ---- rows -------------------------------------------------------------------------------------

  /** Cached rows that the step which opens the slot loads; null = none. */
  get load(): LoadRow | null {
    if (this.cachedLen === 0) return null;
    const pages = this.#pages.first(this.#pages.numTree);
    const statePlace = this.#statePlace;
    const rows = { slot: this.slot, numTokens: this.cachedLen, pages };
    return statePlace === null ? rows : { ...rows, statePlace };
  }

  /** Places with states that are not the tree's. */
  get statePlaces(): readonly number[] {
    return this.#states?.places ?? [];
  }

  /** Another request's prompt parts from this one behind `numTokens` tokens. */
  wantState(numTokens: number): void {
    this.#states?.want(numTokens, this.#plannedLen);
  }

  /** Turns in flight may leave pages that the next row can have. */
  get hasSpareRows(): boolean {
    return this.#numSpareRows > 0;
  }

  /** First row that no step in flight can reach. */
  get reservedLen(): number {
    return Math.min(this.#plannedLen + this.#numSpareRows, this.req.maxRows);
  }

  /** Reserves the page of the next row; false when there is none. */
  grow(): boolean {
    this.#may('grow');
    const next = Math.min(this.reservedLen, this.req.maxRows - 1);
    return next < this.#pages.length * this.#home.limits.pageSizeTokens || this.#addPage();
  }

  #addPage(): boolean {
    if (!this.#pages.grow()) return false;
    this.#home.remapped.add(this);
    return true;
  }

  /** What the step that is being planned tells the device of where the rows lie: what it does not know yet. */
  maps(): MapRow[] {
    this.#home.remapped.delete(this);
    return this.#pages.tell().map((run) => ({ slot: this.slot, ...run }));
  }

  /**
   * The step that is being planned computes the next `numRows` rows.
   * @returns the states that it keeps on the way
   */
  advance(numRows: number): readonly SaveRow[] {
    this.#may('advance');
    this.#numStepsInFlight++;
    const from = this.#plannedLen;
    if (this.prefillLeft > 0) this.#isPromptUndone = false;
    this.#plannedLen += numRows;
    assert(this.#plannedLen <= this.req.maxRows, 'seat: more rows than it may have');
    return this.#statesOf(from).map((state) => ({ slot: this.slot, ...state }));
  }

  /** Of the rows from `from` on. */
  #statesOf(from: number): readonly KeptState[] {
    if (this.#states === null) return [];
    const { promptLen } = this.req;
    if (from < promptLen) return this.#states.ofPrompt(from, this.#plannedLen);
    return [this.#states.ofAnswer(this.#plannedLen)].filter((state) => state !== null);
  }

  /**
   * The step that is being planned has a turn of this seat, whose first row has its page.
   * @returns most rows of it: what the last one makes likely, on pages that no other seat needs for its next row
   */
  advanceTurn(): number {
    const { seats, pages, limits } = this.#home;
    const most = Math.min(this.#turnRows, this.speculation?.numDraftTokens ?? 1);
    const end = Math.min(this.reservedLen + most, this.req.maxRows);
    while (this.#pages.length < this.#home.pagesFor(end) && pages.idle.length > seats.size) {
      this.#addPage();
    }
    const withPages = Math.min(end, this.#pages.length * limits.pageSizeTokens);
    const numRows = Math.max(1, withPages - this.reservedLen);
    this.#numSpareRows += numRows - 1;
    this.advance(1);
    return numRows;
  }

  /** A turn of at most `maxRows` is back. It has added `numRows`: none when the device knew that nobody wants them. */
  turned(maxRows: number, numRows: number): void {
    this.#numSpareRows -= maxRows - 1;
    this.#plannedLen += numRows - 1;
    this.#turnRows = Math.max(TURN_ROWS_MIN, 2 * numRows);
  }

  /** A step with rows of this seat is back; in any phase. */
  answered(): void {
    this.#numStepsInFlight--;
  }

  /**
   * The last row of a step that is back was not done: it is planned again. Behind a prompt's, rows in flight come
   * back undone too, and no more are planned before it.
   */
  stalled(isPrompt: boolean): void {
    this.#plannedLen--;
    this.#isPromptUndone ||= isPrompt;
    assert(this.#plannedLen >= this.cachedLen, 'seat: more rows undone than there were');
  }

  /** What step number `step` must copy to pages to have the first `numPages` there; null = nothing. */
  store(numPages: number, step: number): StoreRow | null {
    this.#may('store');
    const stored = this.#pages.store(numPages);
    if (stored === null) return null;
    this.#lastStoreStep = step;
    const fromToken = stored.fromPage * this.#home.limits.pageSizeTokens;
    return { slot: this.slot, fromToken, pages: stored.pages };
  }

  /**
   * First rows of the prompt that are never computed again once they were: others may have them at once. The last row
   * is when its mask was late ({@link stalled}), and rows on pages that others read are not written.
   */
  get shareableLen(): number {
    const { input, maxNewTokens, promptLen } = this.req;
    const mayStall = input.grammar !== null && this.numPriorOutputs === 0 && maxNewTokens > 0;
    return mayStall ? promptLen - 1 : promptLen;
  }

  /** Whole pages of the prompt for others, if the tree does not have them all from this seat; else 0. */
  get numPromptPages(): number {
    const numPages = this.#home.wholePages(this.shareableLen);
    const isNew = numPages > this.#pages.numTree && !this.#pages.isInserting;
    return this.#home.sharesPrefixes && isNew ? numPages : 0;
  }

  /** Lets others have the first `numPages` pages of the prompt at once. */
  insert(numPages: number): void {
    this.#may('insert');
    this.#pages.insert(numPages);
  }

  /**
   * The cache actor has done the insert.
   * @returns rows that others can match now, if this was what the seat waited for
   */
  inserted(reply: Pick<Inserted, 'pages' | 'lock'>): number {
    this.#may('inserted');
    this.#pages.inserted(reply);
    if (this.isLive && this.#pages.hasUntold) this.#home.remapped.add(this);
    return this.#release();
  }

  /** The cache actor has refused the insert. @returns as {@link inserted} */
  notInserted(left: Pick<RefusedInsert, 'pages' | 'lock'>): number {
    this.#may('inserted');
    this.#pages.notInserted(left);
    return this.#release();
  }

  // ---- leaving ----------------------------------------------------------------------------------

  /** Chosen as a victim: no new rows; it leaves when the posted ones are back. */
  retract(): void {
    this.#may('retract');
    this.#phase = 'retracting';
  }

  /**
   * No more rows; the next step stores what is known and frees the slot.
   *
   * From here on the device is told of no page, though a reply may still swap some. Steps in flight run before the
   * swapped-out pages can be anybody's, and the next step that is posted, the first that may give them to somebody,
   * frees this slot: it has no rows of it, and what it stores lies behind all that was ever inserted.
   */
  leave(): void {
    this.#may('leave');
    this.#closeRows = this.#knownRows;
    this.#phase = 'leaving';
    this.#home.seats.delete(this);
    this.#home.remapped.delete(this);
    this.#home.leavers.add(this);
  }

  /** What the step that frees the slot must store; null = nothing. */
  closingStore(step: number): StoreRow | null {
    if (!this.#home.sharesPrefixes) return null;
    return this.store(this.#home.wholePages(this.#closeRows), step);
  }

  /** The step that frees the slot is posted. @returns rows that others can match now */
  closeSlot(): number {
    this.#may('closeSlot');
    this.#phase = 'closed';
    this.#home.freeSlots.push(this.slot);
    return this.#release();
  }

  /**
   * The answer is known to be right so far.
   * @param numRows no more than so many rows are right: a stop string ends the answer there
   * @returns rows that others can match now
   */
  keep(numRows = Infinity): number {
    this.#may('keep');
    this.#keepRows = Math.min(this.#closeRows, numRows);
    return this.#release();
  }

  /** Pages go back at once: steps in flight may still write them, but before anybody else's step does. */
  drop(): void {
    this.#may('drop');
    this.#closeRows = 0;
    this.#keepRows = 0;
    if (!this.#pages.areBack) this.#pages.release(0);
    this.#release();
  }

  /** The device is gone, with slot, pages and lock. */
  lose(): void {
    this.#may('lose');
    this.#phase = 'gone';
  }

  /**
   * True when rows in flight can be spared. Not while a posted step stores rows of the slot, nor while rows that
   * are repeated after a retraction are to be stored at its end: those are promised to the tree, and a cancelled slot
   * might not have them.
   */
  isCancellable(oldestStep: number): boolean {
    const numComputed = this.#plannedLen - this.#numStepsInFlight;
    const hasKnown = numComputed >= this.#closeRows;
    return this.#numStepsInFlight > 0 && this.#lastStoreStep < oldestStep && hasKnown;
  }

  /** Pages and lock go back when all that must come before has come. @returns rows that others can match now */
  #release(): number {
    if (this.#phase !== 'closed' || this.#keepRows === null || this.#pages.isInserting) return 0;
    const { sharesPrefixes } = this.#home;
    const numRows = this.#pages.areBack ? 0 : this.#keepRows;
    if (!this.#pages.areBack) {
      this.#pages.release(sharesPrefixes ? this.#home.wholePages(numRows) : 0);
    }
    this.#phase = 'gone';
    this.#home.leavers.delete(this);
    return numRows;
  }

  /** Rows whose tokens are known and whose KV the posted steps certainly make. */
  get #knownRows(): number {
    const { promptLen, outputIds } = this.req;
    if (outputIds.length === 0) return this.#plannedLen;
    return Math.min(this.#plannedLen, promptLen + outputIds.length - 1);
  }

  #may(act: SeatAct): void {
    if (!MAY[this.#phase].includes(act)) assert.fail(`seat: ${act} while ${this.#phase}`);
  }
}

/** The locked prefix that a seat begins with; an empty one = nothing cached. */
export interface SeatMatch {
  readonly numTokens: number;
  readonly pages: Int32Array;
  /** 0 = none. */
  readonly lock: number;
  /** Null = rows alone are enough to go on from. */
  readonly state: MatchedState | null;
}
