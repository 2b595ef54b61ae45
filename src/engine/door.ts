import { RequestError } from '../core/errors.js';
import type { FinishReason } from '../core/finish-reason.js';
import type { AnyRequest } from './live-requests.js';

/** Requests that may wait while the door is closed. */
export const MAX_HELD = 4096;

/** Why new requests wait: generation is paused, or the memory it needs is released. */
export type ClosedBy = 'pause' | 'release';

interface Held {
  readonly requests: readonly AnyRequest[];
  readonly letIn: () => void;
}

/** Where new requests wait while nothing may run; they enter in order of arrival. */
export class Door {
  readonly #closedBy = new Set<ClosedBy>();
  readonly #held = new Set<Held>();

  get isOpen(): boolean {
    return this.#closedBy.size === 0;
  }

  get numHeld(): number {
    let sum = 0;
    for (const { requests } of this.#held) sum += requests.length;
    return sum;
  }

  /** Settles when the door opens, or when the last of them was aborted here. @throws RequestError QUEUE_FULL */
  wait(requests: readonly AnyRequest[]): Promise<void> {
    if (this.numHeld + requests.length > MAX_HELD) {
      return Promise.reject(new RequestError('QUEUE_FULL', 'The request queue is full.'));
    }
    return new Promise((letIn) => {
      this.#held.add({ requests, letIn });
    });
  }

  /** Ends a request that waits here; its place is free when all of its batch have ended. */
  abort(request: AnyRequest, reason: FinishReason, nowMs: number): void {
    this.#abort((one) => one === request, reason, nowMs);
  }

  /** Ends all that wait here and are meant. */
  abortByRid(isMeant: (rid: string) => boolean, reason: FinishReason, nowMs: number): void {
    this.#abort(({ rid }) => isMeant(rid), reason, nowMs);
  }

  close(by: ClosedBy): void {
    this.#closedBy.add(by);
  }

  /** Opens it unless it is closed for another reason too. */
  open(by: ClosedBy): void {
    this.#closedBy.delete(by);
    if (this.isOpen) this.#letAllIn();
  }

  /** For good: those who wait hear why there is nothing behind it. */
  demolish(): void {
    this.#closedBy.clear();
    this.#letAllIn();
  }

  #abort(isMeant: (request: AnyRequest) => boolean, reason: FinishReason, nowMs: number): void {
    for (const held of [...this.#held]) {
      const meant = held.requests.filter(isMeant);
      for (const request of meant) if (request.finish === null) request.end(reason, null, nowMs);
      const isOver = held.requests.every(({ finish }) => finish !== null);
      if (meant.length > 0 && isOver) this.#letIn(held);
    }
  }

  #letAllIn(): void {
    for (const held of [...this.#held]) this.#letIn(held);
  }

  #letIn(held: Held): void {
    this.#held.delete(held);
    held.letIn();
  }
}
