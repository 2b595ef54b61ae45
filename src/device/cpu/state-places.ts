import { stateElements, type StateSpec } from '../../core/model-spec.js';
import { discard, virtualArrays, type KvArray } from './kv-arrays.js';
import type { StateSlots } from './state-slots.js';

/**
 * Recurrent states that are kept for prefixes, beside the pages:
 *
 *     [place][...shape] f32     per tensor of the state
 *
 * Virtual memory until first written. Whose a place is is the cache actor's business; this only copies.
 */
export class StatePlaces {
  readonly #sizes: readonly number[];
  readonly #numPlaces: number;
  #arrays: readonly KvArray[];

  constructor(spec: StateSpec, numPlaces: number) {
    this.#sizes = spec.tensors.map(stateElements);
    this.#numPlaces = numPlaces;
    this.#arrays = this.#empty();
  }

  /** Copies the state of a physical row to a place. */
  save(states: StateSlots, row: number, place: number): void {
    states.read(row).forEach((values, index) => {
      this.#at(index, place).set(values);
    });
  }

  /** Copies a place to the state of a physical row. */
  load(states: StateSlots, row: number, place: number): void {
    states.read(row).forEach((values, index) => {
      values.set(this.#at(index, place));
    });
  }

  /** Forgets all states. Their memory is free when this settles. */
  renew(): Promise<void> {
    const old = this.#arrays;
    this.#arrays = this.#empty();
    return discard(old);
  }

  #at(index: number, place: number): KvArray {
    const array = this.#arrays[index];
    const size = this.#sizes[index] ?? 0;
    if (array === undefined || place < 0 || place >= this.#numPlaces) {
      throw new Error(`this is a bug: place ${place} of ${this.#numPlaces}`);
    }
    return array.subarray(place * size, (place + 1) * size);
  }

  #empty(): KvArray[] {
    return virtualArrays(
      'f32',
      this.#sizes.map((size) => size * this.#numPlaces),
    );
  }
}
