import { RequestError } from '../core/errors.js';

/** Requests that may wait while the door is closed. */
const MAX_HELD = 4096;

/** Why new requests wait: generation is paused, or the memory it needs is released. */
export type ClosedBy = 'pause' | 'release';

/** Where new requests wait while nothing may run; they enter in order of arrival. */
export class Door {
  readonly #closedBy = new Set<ClosedBy>();
  #numHeld = 0;
  #waiters: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#closedBy.size === 0;
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

  close(by: ClosedBy): void {
    this.#closedBy.add(by);
  }

  /** Opens it unless it is closed for another reason too. */
  open(by: ClosedBy): void {
    this.#closedBy.delete(by);
    if (this.isOpen) this.#letIn();
  }

  /** For good: those who wait hear why there is nothing behind it. */
  demolish(): void {
    this.#closedBy.clear();
    this.#letIn();
  }

  #letIn(): void {
    this.#numHeld = 0;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
