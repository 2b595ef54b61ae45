/**
 * Which physical row of the KV arrays each slot uses. A decode run takes a contiguous window of rows, so
 * the slots that decode should stand together; a row of the window that does not decode runs as a filler.
 *
 *     rows    0   1   2   3   4   5        decoding: slots 7, 2, 5 in rows 0, 2, 3
 *     slots   7   -   2   5   9   -        window [0, 4) with one filler, or move slot 5 to row 1
 */
export interface RowWindow {
  readonly start: number;
  readonly count: number;
}

/** The two rows change places. */
export interface RowMove {
  readonly from: number;
  readonly to: number;
}

export interface Arrangement {
  readonly window: RowWindow;
  readonly swaps: readonly RowMove[];
}

export interface SlotLengths {
  /** Rows that would have to be copied. */
  readonly lengthOf: (slot: number) => number;
  /** False for a full slot: a filler would write over its last row. */
  readonly canFill: (slot: number) => boolean;
}

/** What a filler costs, in tokens of KV that could be copied in the same time. */
const FILLER_TOKENS = 250;

const NONE = -1;

export class RowMap {
  readonly numSlots: number;
  /** slot → row. */
  readonly #rows: Int32Array;
  /** row → slot. */
  readonly #slots: Int32Array;
  /** Cost of the fillers since the window was last without any. */
  #fillerDebt = 0;

  constructor(numSlots: number) {
    this.numSlots = numSlots;
    this.#rows = new Int32Array(numSlots).fill(NONE);
    this.#slots = new Int32Array(numSlots).fill(NONE);
  }

  /** Gives the slot the lowest free row and returns it: open slots stay close together. */
  open(slot: number): number {
    if (this.#rows[slot] !== NONE) throw new Error(`this is a bug: slot ${slot} is open already`);
    const row = this.#slots.indexOf(NONE);
    this.#place(slot, row);
    return row;
  }

  free(slot: number): void {
    this.#slots[this.rowOf(slot)] = NONE;
    this.#rows[slot] = NONE;
  }

  rowOf(slot: number): number {
    const row = this.#rows[slot];
    if (row === undefined || row === NONE)
      throw new Error(`this is a bug: slot ${slot} is not open`);
    return row;
  }

  /** The slot in a row, or -1 for a free one. */
  slotAt(row: number): number {
    return this.#slots[row] ?? NONE;
  }

  swap(a: number, b: number): void {
    const slotA = this.slotAt(a);
    const slotB = this.slotAt(b);
    this.#place(slotB, a);
    this.#place(slotA, b);
  }

  /**
   * The window for a run over `decoding`, and the swaps that make it. Moves nothing while the fillers so
   * far cost less than moving would (ski rental: at worst twice the best choice in hindsight).
   */
  arrange(decoding: ReadonlySet<number>, slots: SlotLengths): Arrangement {
    const asIs = this.#spanOf(decoding);
    const numFillers = asIs.count - decoding.size;
    if (numFillers === 0) {
      this.#fillerDebt = 0;
      return { window: asIs, swaps: [] };
    }
    const packed = this.#cheapestWindow(decoding, slots.lengthOf);
    this.#fillerDebt += numFillers * FILLER_TOKENS;
    const mayFill = this.#slotsOf(asIs).every((slot) => decoding.has(slot) || slots.canFill(slot));
    if (mayFill && this.#fillerDebt < packed.cost) return { window: asIs, swaps: [] };
    this.#fillerDebt = 0;
    const window = { start: packed.start, count: decoding.size };
    return { window, swaps: this.#swapsInto(window, decoding) };
  }

  #place(slot: number, row: number): void {
    this.#slots[row] = slot;
    if (slot !== NONE) this.#rows[slot] = row;
  }

  #spanOf(decoding: ReadonlySet<number>): RowWindow {
    let first = this.numSlots;
    let last = 0;
    for (const slot of decoding) {
      const row = this.rowOf(slot);
      first = Math.min(first, row);
      last = Math.max(last, row);
    }
    return { start: first, count: last - first + 1 };
  }

  #slotsOf(window: RowWindow): number[] {
    const rows = this.#slots.subarray(window.start, window.start + window.count);
    return [...rows].filter((slot) => slot !== NONE);
  }

  /** Tokens to copy when `decoding` is packed into `[start, start + decoding.size)`, at its cheapest. */
  #cheapestWindow(
    decoding: ReadonlySet<number>,
    lengthOf: (slot: number) => number,
  ): { start: number; cost: number } {
    let best = { start: 0, cost: Infinity };
    for (let start = 0; start + decoding.size <= this.numSlots; start++) {
      let cost = 0;
      for (let row = 0; row < this.numSlots; row++) {
        const slot = this.slotAt(row);
        if (slot === NONE) continue;
        const inside = row >= start && row < start + decoding.size;
        if (inside !== decoding.has(slot)) cost += lengthOf(slot);
      }
      if (cost < best.cost) best = { start, cost };
    }
    return best;
  }

  #swapsInto(window: RowWindow, decoding: ReadonlySet<number>): RowMove[] {
    const end = window.start + window.count;
    const outside = [...decoding]
      .map((slot) => this.rowOf(slot))
      .filter((row) => row < window.start || row >= end);
    const swaps: RowMove[] = [];
    for (let row = window.start; row < end; row++) {
      if (decoding.has(this.slotAt(row))) continue;
      const from = outside.pop();
      if (from === undefined) throw new Error('this is a bug: the window has more rows than slots');
      swaps.push({ from, to: row });
    }
    return swaps;
  }
}
