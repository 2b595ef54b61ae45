import { Generation } from './generation.js';
import type { LiveRequest } from './live-request.js';

/** Requests that the scheduler has, by the engine's handle. */
export class LiveRequests {
  readonly #byNum = new Map<number, LiveRequest>();
  readonly #rids = new Set<string>();

  get size(): number {
    return this.#byNum.size;
  }

  has(num: number): boolean {
    return this.#byNum.has(num);
  }

  get(num: number): LiveRequest | undefined {
    return this.#byNum.get(num);
  }

  /** The same if it generates. */
  generation(num: number): Generation | undefined {
    const request = this.#byNum.get(num);
    return request instanceof Generation ? request : undefined;
  }

  /** Each rid once at a time. */
  hasRid(rid: string): boolean {
    return this.#rids.has(rid);
  }

  all(): readonly LiveRequest[] {
    return [...this.#byNum.values()];
  }

  add(request: LiveRequest): void {
    this.#byNum.set(request.num, request);
    this.#rids.add(request.rid);
  }

  delete(request: LiveRequest): void {
    this.#byNum.delete(request.num);
    this.#rids.delete(request.rid);
  }
}
