import type { EmbedReq } from './embed-req.js';

/** Texts that wait for a device, oldest first; those whose device died come before all others. */
export class EmbedQueue {
  #waiting = new Set<EmbedReq>();

  get length(): number {
    return this.#waiting.size;
  }

  /** Tokens of all waiting texts together. */
  get numTokens(): number {
    let numTokens = 0;
    for (const req of this.#waiting) numTokens += req.numTokens;
    return numTokens;
  }

  has(req: EmbedReq): boolean {
    return this.#waiting.has(req);
  }

  [Symbol.iterator](): Iterator<EmbedReq> {
    return this.#waiting.values();
  }

  push(req: EmbedReq): void {
    this.#waiting.add(req);
  }

  /** In front of everybody, `reqs[0]` first. */
  pushFront(reqs: readonly EmbedReq[]): void {
    this.#waiting = new Set([...reqs, ...this.#waiting]);
  }

  remove(req: EmbedReq): void {
    this.#waiting.delete(req);
  }

  /**
   * Takes the oldest texts that fit into `budget` tokens together; at least one. Longest first: the
   * device computes neighbours of like length together.
   */
  take(budget: number): EmbedReq[] {
    let numTokens = 0;
    const taken: EmbedReq[] = [];
    for (const req of this.#waiting) {
      numTokens += req.numTokens;
      if (taken.length > 0 && numTokens > budget) break;
      taken.push(req);
    }
    for (const req of taken) this.remove(req);
    return taken.sort((a, b) => b.numTokens - a.numTokens);
  }
}
