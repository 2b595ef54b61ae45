import type { EmbedRequest } from './embed-request.js';
import type { Generation } from './generation.js';
import type { LiveRequest } from './live-request.js';

/** The two kinds of requests, told apart by `kind`. */
export type AnyRequest = Generation | EmbedRequest;

interface Watch {
  /** Handles of those that have not left yet. */
  readonly left: Set<number>;
  readonly resolve: () => void;
}

/** Requests that the scheduler has, by the engine's handle. */
export class LiveRequests {
  readonly #byNum = new Map<number, AnyRequest>();
  readonly #rids = new Set<string>();
  readonly #watches = new Set<Watch>();

  get size(): number {
    return this.#byNum.size;
  }

  has(num: number): boolean {
    return this.#byNum.has(num);
  }

  get(num: number): AnyRequest | undefined {
    return this.#byNum.get(num);
  }

  /** A request that makes tokens. */
  generation(num: number): Generation | undefined {
    const request = this.#byNum.get(num);
    return request?.kind === 'generate' ? request : undefined;
  }

  /** A text of an embedding model. */
  text(num: number): EmbedRequest | undefined {
    const request = this.#byNum.get(num);
    return request?.kind === 'embed' ? request : undefined;
  }

  /** Each rid once at a time. */
  hasRid(rid: string): boolean {
    return this.#rids.has(rid);
  }

  all(): readonly AnyRequest[] {
    return [...this.#byNum.values()];
  }

  add(request: AnyRequest): void {
    this.#byNum.set(request.num, request);
    this.#rids.add(request.rid);
  }

  delete({ num, rid }: LiveRequest): void {
    this.#byNum.delete(num);
    this.#rids.delete(rid);
    for (const watch of this.#watches) this.#left(watch, num);
  }

  /** Settles when all that are here now have left, however they end. */
  allGone(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#watches.add({ left: new Set(this.#byNum.keys()), resolve });
    });
  }

  #left(watch: Watch, num: number): void {
    watch.left.delete(num);
    if (watch.left.size > 0) return;
    this.#watches.delete(watch);
    watch.resolve();
  }
}
