import type { NgramSpeculation } from '../../core/speculation.js';

/** How long the n-grams are that are looked for. */
export type NgramWindows = Pick<NgramSpeculation, 'minMatch' | 'maxMatch'>;

/** An earlier place whose tokens are those at the end. */
export interface NgramMatch {
  /** Index of the token that followed there. */
  readonly next: number;
  /** Last tokens that are equal, at most `maxMatch`. */
  readonly length: number;
}

/** Earlier places that one look-up compares. */
const PLACES_MAX = 16;
const FIRST_ROOM = 256;

/**
 * The tokens of one request, and where each n-gram of `minMatch` tokens occurred: a hash map to its last place, and
 * from each place the one before it. A token costs the same however many there are.
 */
export class NgramIndex {
  readonly #windows: NgramWindows;
  readonly #lastEnd = new Map<number, number>();
  /** `[length]` used */
  #tokens = new Int32Array(FIRST_ROOM);
  /** By the end of an n-gram: the end of the one before it with the same hash, 0 = none. */
  #endBefore = new Int32Array(FIRST_ROOM + 1);
  #length = 0;

  constructor(windows: NgramWindows) {
    this.#windows = windows;
  }

  get length(): number {
    return this.#length;
  }

  /** -1 beyond the last. */
  at(index: number): number {
    return index < this.#length ? (this.#tokens[index] ?? -1) : -1;
  }

  push(token: number): void {
    if (this.#length === this.#tokens.length) this.#grow();
    this.#tokens[this.#length++] = token;
    const end = this.#length;
    if (end < this.#windows.minMatch) return;
    const hash = this.#hashBefore(end);
    this.#endBefore[end] = this.#lastEnd.get(hash) ?? 0;
    this.#lastEnd.set(hash, end);
  }

  /** The longest match of the last tokens, of equal ones the latest; null = fewer than `minMatch`. */
  find(): NgramMatch | null {
    const { minMatch, maxMatch } = this.#windows;
    let found: NgramMatch | null = null;
    let end = this.#endBefore[this.#length] ?? 0;
    for (let place = 0; place < PLACES_MAX && end > 0; place++) {
      const length = this.#commonLength(end, maxMatch);
      if (length >= Math.max(minMatch, (found?.length ?? 0) + 1)) found = { next: end, length };
      if (length === maxMatch) break;
      end = this.#endBefore[end] ?? 0;
    }
    return found;
  }

  /** How many tokens before `end` are those before the end of all, at most `most`. */
  #commonLength(end: number, most: number): number {
    let length = 0;
    const longest = Math.min(most, end);
    while (
      length < longest &&
      this.#tokens[end - 1 - length] === this.#tokens[this.#length - 1 - length]
    ) {
      length++;
    }
    return length;
  }

  /** u32 of the `minMatch` tokens before `end`. */
  #hashBefore(end: number): number {
    let hash = 0;
    for (let i = end - this.#windows.minMatch; i < end; i++) {
      hash = Math.imul(hash ^ (this.#tokens[i] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  #grow(): void {
    const tokens = new Int32Array(2 * this.#tokens.length);
    tokens.set(this.#tokens);
    this.#tokens = tokens;
    const endBefore = new Int32Array(tokens.length + 1);
    endBefore.set(this.#endBefore);
    this.#endBefore = endBefore;
  }
}
