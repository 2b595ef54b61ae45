/**
 * Listeners of one kind of news. Each is told in the order in which they came, and none can take another's
 * place. A listener must not throw: it looks, and nothing waits for it.
 */
export class Feed<News = void> {
  readonly #listeners = new Set<(news: News) => void>();
  readonly #onListened: (isListened: boolean) => void;

  /** @param onListened told when the first listener comes and when the last one leaves */
  constructor(onListened: (isListened: boolean) => void = () => undefined) {
    this.#onListened = onListened;
  }

  /** @returns how to stop listening; harmless when called twice. */
  listen(listener: (news: News) => void): () => void {
    // A wrapper of its own: who listens twice is told twice, and leaves once at a time.
    const own = (news: News): void => {
      listener(news);
    };
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#onListened(true);
    return () => {
      if (this.#listeners.delete(own) && this.#listeners.size === 0) this.#onListened(false);
    };
  }

  publish(news: News): void {
    for (const listener of this.#listeners) listener(news);
  }
}
