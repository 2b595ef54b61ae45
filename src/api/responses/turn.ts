import type { Item } from './item.js';
import { sizeOf } from './size-of.js';

/**
 * What a conversation held at one time: some items behind those of an earlier time. Responses that continue one another
 * share what they have in common, so that a long chain costs what its items cost.
 */
export class Turn {
  readonly bytes: number;
  /** Entries of the store and later turns that need it; it is counted while there is one. */
  refs = 0;

  constructor(
    readonly before: Turn | null,
    readonly items: readonly Item[],
    /** Whose they are: the digest of a key. */
    readonly tenant: string,
  ) {
    this.bytes = sizeOf(items);
  }

  /** All items, the oldest first. */
  all(): readonly Item[] {
    const lists = [this.items];
    for (let { before } = this; before !== null; before = before.before) lists.push(before.items);
    return lists.reverse().flat();
  }
}

/** The turns that are needed: their bytes, and their items by id. */
export class TurnLedger {
  #bytes = 0;
  readonly #items = new Map<string, { readonly item: Item; readonly turn: Turn }>();

  get bytes(): number {
    return this.#bytes;
  }

  /** An item that is kept for this tenant. */
  find(tenant: string, id: string): Item | null {
    return this.#items.get(keyOf(tenant, id))?.item ?? null;
  }

  hold(turn: Turn | null): void {
    for (let one = turn; one !== null && ++one.refs === 1; one = one.before) {
      this.#bytes += one.bytes;
      for (const item of one.items)
        this.#items.set(keyOf(one.tenant, item.id), { item, turn: one });
    }
  }

  release(turn: Turn | null): void {
    for (let one = turn; one !== null && --one.refs === 0; one = one.before) {
      this.#bytes -= one.bytes;
      for (const { id } of one.items) {
        const key = keyOf(one.tenant, id);
        if (this.#items.get(key)?.turn === one) this.#items.delete(key);
      }
    }
  }
}

function keyOf(tenant: string, id: string): string {
  return `${tenant} ${id}`;
}
