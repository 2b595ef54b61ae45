import { randomUUID } from 'node:crypto';

import { keepOrCancel } from './keep.js';
import { KeptResponse } from './kept.js';
import type { ResponseObject } from './response.js';
import type { Store } from './store.js';
import { Turn } from './turn.js';

/** Responses that one socket remembers; the oldest makes room. */
export const MAX_REMEMBERED = 16;

/**
 * Responses with `store: false` that can be continued on the socket that made them, and nowhere else. They lie in the
 * store, and count there, under a name that no key has.
 */
export class SocketMemory {
  readonly #store: Store;
  readonly #tenant = `socket ${randomUUID()}`;
  /** The oldest first. */
  readonly #ids = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Null where it was never here, or had to make room. */
  find(id: string): KeptResponse | null {
    const entry = this.#store.get(this.#tenant, id);
    return entry instanceof KeptResponse ? entry : null;
  }

  /** @param turn all that was asked */
  keep(response: ResponseObject, turn: Turn): void {
    const after = new Turn(turn, response.output, this.#tenant);
    keepOrCancel(new KeptResponse(response, after), this.#store);
    this.#ids.add(response.id);
    const [oldest] = this.#ids;
    if (this.#ids.size > MAX_REMEMBERED && oldest !== undefined) this.forget(oldest);
  }

  /** As what continued it failed: whoever goes on sends all of it again. */
  forget(id: string): void {
    if (this.#ids.delete(id) && this.find(id) !== null) this.#store.delete(id);
  }

  /** The socket is gone. */
  close(): void {
    for (const id of [...this.#ids]) this.forget(id);
  }
}
