import { NgramIndex, type NgramWindows } from './ngram-index.js';

/**
 * Follows an earlier place that ends like a request's tokens: what followed there is what may come next. A match goes on
 * until it is wrong, then the longest one is looked up again.
 */
export class NgramFollower {
  readonly #index: NgramIndex;
  /** Index of the token that the match says comes next; -1 = no match. */
  #next = -1;
  #matched = 0;

  constructor(windows: NgramWindows, promptIds: Int32Array) {
    this.#index = new NgramIndex(windows);
    for (const token of promptIds) this.#index.push(token);
    this.#lookUp();
  }

  /** Last tokens that are those of the match; 0 = there is none. */
  get matched(): number {
    return this.#matched;
  }

  /** The next output. @returns whether the match said so */
  push(token: number): boolean {
    const isHit = this.#next >= 0 && this.#index.at(this.#next) === token;
    this.#index.push(token);
    if (isHit) {
      this.#next++;
      this.#matched++;
    } else {
      this.#lookUp();
    }
    return isHit;
  }

  /** What comes next if the match stays right, `[count]`; only while there is one. */
  draft(count: number): number[] {
    const drafts: number[] = [];
    const { length } = this.#index;
    for (let at = this.#next; drafts.length < count; at++) {
      drafts.push(at < length ? this.#index.at(at) : (drafts[at - length] ?? 0));
    }
    return drafts;
  }

  #lookUp(): void {
    const match = this.#index.find();
    this.#next = match?.next ?? -1;
    this.#matched = match?.length ?? 0;
  }
}
