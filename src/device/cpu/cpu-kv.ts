import { FILLER, type KvStore } from '../backend.js';
import type { KvSlots } from './kv-slots.js';
import type { PagePool } from './page-pool.js';

/** Attention works on slots, the prefix cache on pages, and rows are copied between them. */
export class CpuKv implements KvStore {
  readonly #slots: KvSlots;
  readonly #pages: PagePool;

  constructor(slots: KvSlots, pages: PagePool) {
    this.#slots = slots;
    this.#pages = pages;
  }

  open(slot: number): void {
    this.#slots.open(slot);
  }

  free(slot: number): void {
    this.#slots.free(slot);
  }

  lengthOf(slot: number): number {
    return this.#slots.lengthOf(slot);
  }

  setLength(slot: number, length: number): void {
    this.#slots.setLength(slot, length);
  }

  /** Rows of a slot lie in the slot. */
  map(): void {
    // Pages are reserved for them, and written when a plan stores them.
  }

  load(slot: number, numTokens: number, pages: Int32Array): void {
    if (this.#slots.states !== null)
      throw new Error('this is a bug: pages have no state to go on from');
    this.#pages.load(this.#slots, slot, pages);
    this.#slots.setLength(slot, numTokens);
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
    await Promise.all([this.#slots.renew(), this.#pages.renew()]);
  }
}
