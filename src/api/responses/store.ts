import { RequestError } from '../../core/errors.js';
import type { Item } from './item.js';
import { TurnLedger, type Turn } from './turn.js';

export interface StoreLimits {
  /** Responses and conversations; the one used longest ago goes first. */
  readonly maxEntries: number;
  /** Bytes of all of them, as {@link sizeOf} counts. */
  readonly maxBytes: number;
}

export const STORE_LIMITS: StoreLimits = { maxEntries: 4096, maxBytes: 256 * 1024 * 1024 };

/** What is kept: a response or a conversation. */
export interface Entry {
  readonly id: string;
  readonly tenant: string;
  /** Its items, and those before them. */
  readonly turn: Turn;
  /** Of what it holds beside its turn. */
  readonly bytes: number;
  /** It still grows: it cannot make room. */
  readonly isLive: boolean;
}

/** Responses and conversations by id, in memory, each for the key that made it. */
export class Store {
  readonly #limits: StoreLimits;
  readonly #ledger = new TurnLedger();
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  /** Of the entries, without their turns. */
  #bytes = 0;

  constructor(limits: StoreLimits = STORE_LIMITS) {
    this.#limits = limits;
  }

  get numEntries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes + this.#ledger.bytes;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** An entry of this tenant's, which counts as used now. */
  get(tenant: string, id: string): Entry | null {
    const entry = this.#entries.get(id);
    if (entry?.tenant !== tenant) return null;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry;
  }

  findItem(tenant: string, id: string): Item | null {
    return this.#ledger.find(tenant, id);
  }

  /** Keeps an entry, in the place of the one of its id. @throws RequestError QUEUE_FULL where nothing can make room */
  put(entry: Entry): void {
    this.#ledger.hold(entry.turn);
    this.#drop(entry.id);
    this.#entries.set(entry.id, entry);
    this.#bytes += entry.bytes;
    this.#makeRoom(entry);
    if (!this.#isOver()) return;
    this.#drop(entry.id);
    throw new RequestError('QUEUE_FULL', 'The store is full of responses that are not done yet.');
  }

  delete(id: string): void {
    this.#drop(id);
  }

  #isOver(): boolean {
    const { maxEntries, maxBytes } = this.#limits;
    return this.#entries.size > maxEntries || this.bytes > maxBytes;
  }

  #makeRoom(newest: Entry): void {
    for (const entry of this.#entries.values()) {
      if (!this.#isOver()) return;
      if (!entry.isLive && entry !== newest) this.#drop(entry.id);
    }
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#bytes -= entry.bytes;
    this.#ledger.release(entry.turn);
  }
}
