import { RequestError } from '../core/errors.js';

/** Requests that may wait while generation is paused. */
const MAX_HELD = 4096;

/** Where new requests wait while generation is paused; they enter in order of arrival. */
export class Door {
  #isOpen = true;
  #numHeld = 0;
  #waiters: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get numHeld(): number {
    return this.#numHeld;
  }

  /** Settles when the door opens. @throws RequestError QUEUE_FULL */
  wait(numRequests: number): Promise<void> {
    if (this.#numHeld + numRequests > MAX_HELD) {
      return Promise.reject(new RequestError('QUEUE_FULL', 'The request queue is full.'));
    }
    this.#numHeld += numRequests;
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  close(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    this.#numHeld = 0;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
