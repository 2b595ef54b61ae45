import { type KvLayer, stateElements } from '../../core/model-spec.js';
import {
  arrayLike,
  discard,
  layersOfArrays,
  tokenElements,
  virtualArrays,
  type KvArray,
  type KvArrayLayer,
  type KvShape,
} from './kv-arrays.js';
import { RowMap, type RowWindow } from './row-map.js';
import { StateSlots } from './state-slots.js';

/** Rows of a slot beyond its length: where a filler or a dummy row may write. */
const SPARE_ROWS = 2;

export interface SlotOptions {
  readonly numSlots: number;
  /** Most rows of a request. */
  readonly slotLength: number;
  /** Rows that may be resident without holding KV, before {@link KvSlots.giveBackMemory} acts. */
  readonly idleRowsMax: number;
}

/**
 * The KV that attention works on, in place: per layer and part one array
 *
 *     [physical row][kvHead][slotRows][headDim] f32 | i8   slotRows = slotLength + 2
 *
 * Layers may have heads of their own: {@link ArrayLayout}.
 * The arrays are virtual memory until a row is first used. A slot's id is stable, its physical row is not.
 * Memory that was used once stays resident, so from time to time the arrays are made anew.
 */
export class KvSlots {
  readonly shape: KvShape;
  readonly options: SlotOptions;
  readonly slotRows: number;
  /** How each of {@link arrays} is laid out. */
  readonly layouts: readonly ArrayLayout[];
  /** Views on the arrays are valid while this stays the same. */
  epoch = 0;
  /** What slots have beside keys and values; null = nothing. */
  readonly states: StateSlots | null;
  #arrays: readonly KvArray[];
  readonly #touched: TouchedRows;
  readonly #map: RowMap;
  readonly #lengths: Int32Array;

  constructor(shape: KvShape, options: SlotOptions) {
    this.shape = shape;
    this.options = options;
    this.slotRows = options.slotLength + SPARE_ROWS;
    this.layouts = layersOfArrays(shape).map((layer) => ({
      ...layer,
      rowElements: slotElements(layer, options.slotLength),
    }));
    this.states = shape.state && new StateSlots(shape.state, options.numSlots);
    this.#arrays = virtualArrays(
      shape.type,
      this.layouts.map(({ rowElements }) => rowElements * options.numSlots),
    );
    this.#touched = new TouchedRows(options.numSlots);
    this.#map = new RowMap(options.numSlots);
    this.#lengths = new Int32Array(options.numSlots);
  }

  /** Keys and values of a layer, then those of the next; keys alone where they are values too. */
  get arrays(): readonly KvArray[] {
    return this.#arrays;
  }

  open(slot: number): void {
    const row = this.#map.open(slot);
    this.states?.clear(row);
    this.#lengths[slot] = 0;
  }

  free(slot: number): void {
    this.#map.free(slot);
    this.#lengths[slot] = 0;
  }

  rowOf(slot: number): number {
    return this.#map.rowOf(slot);
  }

  /** Rows that hold KV: `[0, length)`. */
  lengthOf(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  /** A slot that grows takes the state that the last run made of its own. */
  setLength(slot: number, length: number): void {
    if (length > this.options.slotLength) {
      throw new Error(`this is a bug: ${length} rows in a slot of ${this.options.slotLength}`);
    }
    const row = this.#map.rowOf(slot);
    if (length > this.lengthOf(slot)) this.states?.take(row);
    this.#lengths[slot] = length;
    this.#touched.reach(row, length);
  }

  /**
   * Makes the arrays anew when too many rows are resident that hold nothing: what
   * was long once would stay resident for ever. Costs a copy of the rows that live. True when it acted.
   */
  giveBackMemory(): boolean {
    const live = this.#lengths.reduce((sum, length) => sum + length, 0);
    if (this.#touched.total - live <= this.options.idleRowsMax) return false;
    void this.renew();
    return true;
  }

  /** New arrays, with the rows that live. The memory of the old ones is free when this settles. */
  renew(): Promise<void> {
    const old = this.#arrays;
    this.#arrays = virtualArrays(
      this.shape.type,
      old.map(({ length }) => length),
    );
    for (const [index, array] of old.entries()) {
      this.#forLiveRanges(this.layouts[index], (from, to) => {
        this.#arrays[index]?.set(array.subarray(from, to), from);
      });
    }
    this.#touched.reset((row) => this.#lengthAt(row));
    const oldStates = this.states?.renew((row) => this.#map.slotAt(row) >= 0) ?? [];
    this.epoch += 1;
    return discard([...old, ...oldStates]);
  }

  /**
   * Brings the decoding slots into one window of rows, moving KV where that pays. The other rows of the
   * window run as fillers at their own length, so they write only where nothing lives.
   */
  arrange(decoding: ReadonlySet<number>): RowWindow {
    const { window, swaps } = this.#map.arrange(decoding, {
      lengthOf: (slot) => this.lengthOf(slot) + this.#stateTokens,
      canFill: (slot) => this.lengthOf(slot) < this.options.slotLength,
    });
    for (const { from, to } of swaps) {
      this.#swapRows(from, to);
      this.#map.swap(from, to);
    }
    return window;
  }

  /** The slot in a physical row, or -1. */
  slotAt(row: number): number {
    return this.#map.slotAt(row);
  }

  #swapRows(a: number, b: number): void {
    const lengthA = this.#lengthAt(a);
    const lengthB = this.#lengthAt(b);
    this.arrays.forEach((array, index) => {
      const { headDim, numKvHeads, rowElements } = this.layouts[index] ?? NO_LAYOUT;
      const stride = this.slotRows * headDim;
      const keep = arrayLike(array, lengthB * headDim);
      for (let head = 0; head < numKvHeads; head++) {
        const fromA = a * rowElements + head * stride;
        const fromB = b * rowElements + head * stride;
        keep.set(array.subarray(fromB, fromB + keep.length));
        array.copyWithin(fromB, fromA, fromA + lengthA * headDim);
        array.set(keep, fromA);
      }
    });
    this.states?.swap(a, b);
    this.#touched.reach(a, lengthB);
    this.#touched.reach(b, lengthA);
  }

  /** Tokens whose K and V are as many numbers as a state. */
  get #stateTokens(): number {
    const { state } = this.shape;
    const numbers = state?.tensors.reduce((sum, tensor) => sum + stateElements(tensor), 0) ?? 0;
    return numbers / tokenElements(this.shape);
  }

  /** Element ranges `[from, to)` of an array that hold KV. */
  #forLiveRanges(
    { headDim, numKvHeads, rowElements }: ArrayLayout = NO_LAYOUT,
    visit: (from: number, to: number) => void,
  ): void {
    for (let row = 0; row < this.options.numSlots; row++) {
      const length = this.#lengthAt(row);
      if (length === 0) continue;
      for (let head = 0; head < numKvHeads; head++) {
        const from = row * rowElements + head * this.slotRows * headDim;
        visit(from, from + length * headDim);
      }
    }
  }

  #lengthAt(row: number): number {
    const slot = this.#map.slotAt(row);
    return slot < 0 ? 0 : this.lengthOf(slot);
  }
}

/** How an array of K or V is laid out. */
export interface ArrayLayout extends KvArrayLayer {
  /** Elements of one physical row. */
  readonly rowElements: number;
}

export const NO_LAYOUT: ArrayLayout = {
  ...{ layer: 0, part: 'key', numKvHeads: 0, headDim: 0 },
  rowElements: 0,
};

/** Elements of one slot in one array. */
export function slotElements(
  { numKvHeads, headDim }: Pick<KvLayer, 'numKvHeads' | 'headDim'>,
  slotLength: number,
): number {
  return numKvHeads * (slotLength + SPARE_ROWS) * headDim;
}

/** How far each physical row of the KV arrays was ever written: that much of it is resident memory. */
class TouchedRows {
  readonly #marks: Int32Array;
  /** Token rows over all physical rows. */
  total = 0;

  constructor(numRows: number) {
    this.#marks = new Int32Array(numRows);
  }

  reach(row: number, length: number): void {
    const mark = this.#marks[row] ?? 0;
    if (length <= mark) return;
    this.#marks[row] = length;
    this.total += length - mark;
  }

  /** The arrays are new and hold only what `lengthAt` says. */
  reset(lengthAt: (row: number) => number): void {
    this.total = 0;
    for (const row of this.#marks.keys()) {
      this.#marks[row] = lengthAt(row);
      this.total += this.#marks[row] ?? 0;
    }
  }
}
