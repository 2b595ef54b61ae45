import { RequestError } from '../core/errors.js';

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: RequestError) => void;
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

  /** @throws RequestError INTERNAL when the answer is a failure, or none comes in time. */
  ask(send: (id: number) => void): Promise<T> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new RequestError('INTERNAL', 'The scheduler did not answer in time.'));
      }, this.#timeoutMs);
      timer.unref();
      this.#waiting.set(id, { resolve, reject, timer });
      send(id);
    });
  }

  answer(id: number, value: T): void {
    this.#take(id)?.resolve(value);
  }

  fail(id: number, message: string): void {
    this.#take(id)?.reject(new RequestError('INTERNAL', message));
  }

  #take(id: number): Waiting<T> | undefined {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
