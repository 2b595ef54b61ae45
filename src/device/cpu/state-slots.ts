import type { StateSpec } from '../../core/model-spec.js';
import { stateElements } from '../../core/model-spec.js';
import { pastStateName, presentStateName } from '../../model/graph/contract.js';
import { tensorOf, type Fetches, type Tensors } from '../ort.js';
import { virtualArrays, type KvArray } from './kv-arrays.js';
import type { RowWindow } from './row-map.js';

/**
 * What sequences keep beside K and V (`StateSpec`), by physical row of the KV arrays:
 *
 *     past     [physical row][...shape] f32     what the next run of the row reads
 *     present  [physical row][...shape] f32     what the last run over the row made of it
 *
 * A run writes no state in place: a sequence that only runs along in a window, and one whose row is computed again,
 * keeps what it had. What counts is {@link take}n.
 */
export class StateSlots {
  readonly #spec: StateSpec;
  readonly #numRows: number;
  readonly #sizes: readonly number[];
  #past: readonly KvArray[];
  #present: readonly KvArray[];

  constructor(spec: StateSpec, numRows: number) {
    this.#spec = spec;
    this.#numRows = numRows;
    this.#sizes = spec.tensors.map(stateElements);
    this.#past = this.#empty();
    this.#present = this.#empty();
  }

  /** Adds the states of a window's rows to what a run reads and writes. Valid until {@link renew}. */
  bind({ start, count }: RowWindow, feeds: Tensors, fetches: Fetches): void {
    this.#spec.tensors.forEach(({ layer, part, shape }, index) => {
      const size = this.#sizes[index] ?? 0;
      const over = (array: KvArray | undefined) =>
        tensorOf('float32', (array ?? EMPTY).subarray(start * size, (start + count) * size), [
          count,
          ...shape,
        ]);
      feeds[pastStateName(layer, part)] = over(this.#past[index]);
      fetches[presentStateName(layer, part)] = over(this.#present[index]);
    });
  }

  /** A sequence begins in the row. */
  clear(row: number): void {
    this.#forRow(row, (past) => {
      past.fill(0);
    });
  }

  /** The state of the row is what the last run made of it. */
  take(row: number): void {
    this.#forRow(row, (past, present) => {
      past.set(present);
    });
  }

  /** The state of the row, a view for each of its tensors. Valid until {@link renew}. */
  read(row: number): readonly KvArray[] {
    return this.#past.map((array, index) => {
      const size = this.#sizes[index] ?? 0;
      return array.subarray(row * size, (row + 1) * size);
    });
  }

  swap(a: number, b: number): void {
    this.#past.forEach((array, index) => {
      const size = this.#sizes[index] ?? 0;
      const ofA = array.slice(a * size, (a + 1) * size);
      array.copyWithin(a * size, b * size, (b + 1) * size);
      array.set(ofA, b * size);
    });
  }

  /** New arrays, with the states of the rows that live. Returns the old ones. */
  renew(lives: (row: number) => boolean): readonly KvArray[] {
    const old = [...this.#past, ...this.#present];
    const fresh = this.#empty();
    this.#past.forEach((array, index) => {
      const size = this.#sizes[index] ?? 0;
      for (let row = 0; row < this.#numRows; row++) {
        if (!lives(row)) continue;
        fresh[index]?.set(array.subarray(row * size, (row + 1) * size), row * size);
      }
    });
    this.#past = fresh;
    this.#present = this.#empty();
    return old;
  }

  #empty(): KvArray[] {
    return virtualArrays(
      'f32',
      this.#sizes.map((size) => size * this.#numRows),
    );
  }

  #forRow(row: number, visit: (past: KvArray, present: KvArray) => void): void {
    this.#past.forEach((array, index) => {
      const size = this.#sizes[index] ?? 0;
      const ofRow = (values: KvArray) => values.subarray(row * size, (row + 1) * size);
      visit(ofRow(array), ofRow(this.#present[index] ?? EMPTY));
    });
  }
}

const EMPTY = new Float32Array(0);
