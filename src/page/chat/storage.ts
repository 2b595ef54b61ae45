import { DEFAULT_SETTINGS, type Conversation } from './message.js';

const DATABASE = 'radish';
const CONVERSATIONS = 'conversations';

/** Conversations in this browser; nobody else has them. All tabs share them, and hear of each other's changes. */
export class ConversationStorage {
  readonly #database: Promise<IDBDatabase>;
  readonly #channel = channel();

  constructor() {
    this.#database = opened();
    // Whoever asks is told; a browser that keeps nothing is no fault by itself.
    this.#database.catch(() => undefined);
  }

  /** @param hear told of what another tab has written or deleted */
  onChanged(hear: (id: string) => void): void {
    if (this.#channel === null) return;
    this.#channel.onmessage = ({ data }) => {
      if (typeof data === 'string') hear(data);
    };
  }

  /** The last used first. */
  async readAll(): Promise<Conversation[]> {
    const all = (await settled((await this.#transaction('readonly')).getAll())) as Conversation[];
    return all.map(revised).sort((a, b) => b.updatedAt - a.updatedAt);
  }

  /** Null = it is not kept. */
  async read(id: string): Promise<Conversation | null> {
    return keptIn(await settled((await this.#transaction('readonly')).get(id)));
  }

  /**
   * Keeps what `make` makes of what is kept by then (null = nothing is, or shall be); no other tab comes between.
   *
   * @returns what is kept now
   */
  async change(
    id: string,
    make: (kept: Conversation | null) => Conversation | null,
  ): Promise<Conversation | null> {
    const store = await this.#transaction('readwrite');
    const done = committed(store.transaction);
    // What fails before is told by itself.
    done.catch(() => undefined);
    const kept = keptIn(await settled(store.get(id)));
    const made = make(kept);
    const next = made && { ...made, revision: Math.max(made.revision, kept?.revision ?? 0) + 1 };
    if (next === null) store.delete(id);
    else store.put(next);
    await done;
    this.#channel?.postMessage(id);
    return next;
  }

  async #transaction(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.#database).transaction(CONVERSATIONS, mode).objectStore(CONVERSATIONS);
  }
}

/** Null: a browser that keeps nothing lets no tab hear of another either. */
function channel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel('radish.conversations');
  } catch {
    return null;
  }
}

function keptIn(value: unknown): Conversation | null {
  return value === undefined ? null : revised(value as Conversation);
}

/** An older page has written no revision, and not all settings. */
function revised(kept: Conversation): Conversation {
  const { revision = 0 } = kept as Partial<Conversation>;
  return { ...kept, revision, settings: { ...DEFAULT_SETTINGS, ...kept.settings } };
}

async function opened(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(CONVERSATIONS, { keyPath: 'id' });
  };
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('The browser keeps nothing.'));
    };
  });
}

/** Resolves when all of it is kept: where there is no room left, that is known only then. */
function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('The browser keeps nothing.'));
    };
  });
}
