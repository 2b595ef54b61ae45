import type { EmbedReq } from './embed-req.js';

/** Texts that are looked at for those of like length, the oldest first. */
const WINDOW = 256;

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
   * Takes the oldest text, and of those behind it the likest in length, as far as all fit into `budget` tokens. Longest
   * first: the device computes neighbours of like length together, and what is cut into runs of few tokens takes longer.
   * Nobody waits for more steps than there were texts before it.
   */
  take(budget: number): EmbedReq[] {
    const [oldest, ...behind] = this.#firsts();
    if (oldest === undefined) return [];
    const far = ({ numTokens }: EmbedReq): number => Math.abs(numTokens - oldest.numTokens);
    let numTokens = 0;
    const taken: EmbedReq[] = [];
    for (const req of [oldest, ...behind.sort((a, b) => far(a) - far(b))]) {
      numTokens += req.numTokens;
      if (taken.length > 0 && numTokens > budget) break;
      taken.push(req);
    }
    for (const req of taken) this.remove(req);
    return taken.sort((a, b) => b.numTokens - a.numTokens);
  }

  #firsts(): EmbedReq[] {
    const firsts: EmbedReq[] = [];
    for (const req of this.#waiting) {
      if (firsts.length === WINDOW) break;
      firsts.push(req);
    }
    return firsts;
  }
}
