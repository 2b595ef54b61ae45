import type { LoadRow, SaveRow } from '../../core/batch.js';
import { FILLER, type KvStore } from '../backend.js';
import type { KvSlots } from './kv-slots.js';
import type { PagePool } from './page-pool.js';
import type { StatePlaces } from './state-places.js';

/** Attention works on slots, the prefix cache on pages, and rows are copied between them; so are states and places. */
export class CpuKv implements KvStore {
  readonly #slots: KvSlots;
  readonly #pages: PagePool;
  /** Null = no states are kept for prefixes. */
  readonly #places: StatePlaces | null;
  /** Those that are still to come. */
  #saves: readonly SaveRow[] = [];

  constructor(slots: KvSlots, pages: PagePool, places: StatePlaces | null) {
    this.#slots = slots;
    this.#pages = pages;
    this.#places = places;
  }

  open(slot: number): void {
    this.#slots.open(slot);
  }

  free(slot: number): void {
    this.#slots.free(slot);
    this.#saves = this.#saves.filter((save) => save.slot !== slot);
  }

  lengthOf(slot: number): number {
    return this.#slots.lengthOf(slot);
  }

  setLength(slot: number, length: number): void {
    this.#slots.setLength(slot, length);
    if (this.#saves.length === 0) return;
    const due = this.#saves.filter((save) => save.slot === slot && save.numTokens === length);
    for (const save of due) this.#save(save);
    this.#saves = this.#saves.filter((save) => !due.includes(save));
  }

  saveStates(saves: readonly SaveRow[]): void {
    this.#saves = [...this.#saves, ...saves];
  }

  #save({ slot, place }: SaveRow): void {
    const { states } = this.#slots;
    if (states === null || this.#places === null) throw new Error(NO_PLACES);
    this.#places.save(states, this.#slots.rowOf(slot), place);
  }

  /** Rows of a slot lie in the slot. */
  map(): void {
    // Pages are reserved for them, and written when a plan stores them.
  }

  load({ slot, numTokens, pages, statePlace }: LoadRow): void {
    const { states } = this.#slots;
    this.#pages.load(this.#slots, slot, pages);
    this.#slots.setLength(slot, numTokens);
    if (states === null) return;
    if (statePlace === undefined || this.#places === null) throw new Error(NO_PLACES);
    this.#places.load(states, this.#slots.rowOf(slot), statePlace);
  }

  store(slot: number, fromToken: number, pages: Int32Array): void {
    this.#pages.store(this.#slots, slot, fromToken, pages);
  }

  arrange(decoding: ReadonlySet<number>): readonly number[] {
    const { start, count } = this.#slots.arrange(decoding);
    return Array.from({ length: count }, (_, i) => {
      const slot = this.#slots.slotAt(start + i);
      return slot < 0 ? FILLER : slot;
    });
  }

  giveBackMemory(): void {
    this.#slots.giveBackMemory();
  }

  async renew(): Promise<void> {
    await Promise.all([this.#slots.renew(), this.#pages.renew(), this.#places?.renew()]);
  }
}

const NO_PLACES = 'this is a bug: rows without a state to go on from';
