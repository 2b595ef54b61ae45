/** Texts that the browser keeps, where it keeps any: one that is told to keep nothing throws at the storage's very name. */
export class Kept {
  readonly #storage: () => Storage;

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  /** Null = it is not kept. */
  read(name: string): string | null {
    try {
      return this.#storage().getItem(name);
    } catch {
      return null;
    }
  }

  /** Null = it is kept no longer. What cannot be kept holds as long as the page does. */
  write(name: string, text: string | null): void {
    try {
      if (text === null) this.#storage().removeItem(name);
      else this.#storage().setItem(name, text);
    } catch {
      // No room, or not allowed.
    }
  }
}
