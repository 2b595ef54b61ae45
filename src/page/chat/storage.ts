import type { Conversation } from './message.js';

const DATABASE = 'radish';
const CONVERSATIONS = 'conversations';

/** Conversations in this browser; nobody else has them. */
export class ConversationStorage {
  readonly #database: Promise<IDBDatabase>;

  constructor() {
    this.#database = opened();
    // Whoever asks is told; a browser that keeps nothing is no fault by itself.
    this.#database.catch(() => undefined);
  }

  /** The last used first. */
  async readAll(): Promise<Conversation[]> {
    const store = await this.#store('readonly');
    const all = (await settled(store.getAll())) as Conversation[];
    return all.sort((a, b) => b.updatedAt - a.updatedAt);
  }

  async write(conversation: Conversation): Promise<void> {
    await settled((await this.#store('readwrite')).put(conversation));
  }

  async delete(id: string): Promise<void> {
    await settled((await this.#store('readwrite')).delete(id));
  }

  async #store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
    return (await this.#database).transaction(CONVERSATIONS, mode).objectStore(CONVERSATIONS);
  }
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
