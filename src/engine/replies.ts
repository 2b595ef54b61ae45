import { RequestError } from '../core/errors.js';

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly timer: NodeJS.Timeout;
}

/** Questions that are answered by a message with the same id, each within a deadline. */
export class Replies<T> {
  readonly #waiting = new Map<number, Waiting<T>>();
  readonly #timeoutMs: number;
  #nextId = 1;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @throws RequestError INTERNAL when no answer comes in time. */
  ask(send: (id: number) => void): Promise<T> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new RequestError('INTERNAL', 'The scheduler did not answer in time.'));
      }, this.#timeoutMs);
      timer.unref();
      this.#waiting.set(id, { resolve, timer });
      send(id);
    });
  }

  answer(id: number, value: T): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(value);
  }
}
