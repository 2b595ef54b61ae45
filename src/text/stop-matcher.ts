import type { RegexMeter } from './regex-budget.js';
import { STOP_REGEX_HOLD, type RegexSearch, type StopRegex } from './stop-regex.js';
import { StopStrings } from './stop-strings.js';

export interface StopMatch {
  /** The stop string or the pattern text, for `finish_reason.matched`. */
  readonly matched: string;
  /** The visible text ends here (before the match, or after it with `no_stop_trim`). */
  readonly visibleLength: number;
}

export interface StopMatcherOptions {
  readonly stops: readonly string[];
  readonly regexes: readonly StopRegex[];
  readonly noStopTrim: boolean;
  /** Shared by the samples of a request. */
  readonly meter: RegexMeter;
}

/**
 * Looks for stop strings and regexes in a request's text as it grows. The first stop in list order wins,
 * strings before regexes. Text that could still begin a match is held back from the client.
 *
 * Special tokens may be hidden from the client and yet be named as a stop string, so hidden text is
 * searched too, but has no visible length.
 */
export class StopMatcher {
  readonly #strings: StopStrings;
  readonly #regexes: readonly { readonly pattern: string; readonly search: RegexSearch }[];
  readonly #noStopTrim: boolean;
  /** UTF-16 units of the searched text. */
  #length = 0;
  /** Searched text before this is the client's: no match takes it back. */
  #released = 0;
  /** Hidden units before `#released`. */
  #hiddenBefore = 0;
  /** `[start, end)` of later hidden text, in order. */
  #hidden: (readonly [number, number])[] = [];

  constructor({ stops, regexes, noStopTrim, meter }: StopMatcherOptions) {
    this.#strings = new StopStrings(stops);
    this.#regexes = regexes.map((regex) => ({
      pattern: regex.pattern,
      search: regex.search(meter),
    }));
    this.#noStopTrim = noStopTrim;
  }

  /** Adds the text of one token: whole characters. @throws RegexBudgetError */
  push(delta: string, isHidden = false): StopMatch | null {
    if (delta === '') return null;
    const start = this.#length;
    this.#length += delta.length;
    if (isHidden) this.#hidden.push([start, this.#length]);
    const match = this.#find(delta);
    if (match === null) this.#release(this.#length - this.#numHeld());
    return match;
  }

  /** Visible characters that no later text can turn into a match. */
  get safeLength(): number {
    return this.#visibleAt(this.#released);
  }

  #find(delta: string): StopMatch | null {
    const found = this.#strings.push(delta);
    if (found !== null) return this.#matchAt(found.stop, found.start);
    for (const { pattern, search } of this.#regexes) {
      const start = search.push(delta);
      if (start !== null) return this.#matchAt(pattern, start);
    }
    return null;
  }

  #matchAt(matched: string, start: number): StopMatch {
    const end = this.#noStopTrim ? this.#length : Math.max(start, this.#released);
    return { matched, visibleLength: this.#visibleAt(end) };
  }

  #numHeld(): number {
    const from = this.#regexes.reduce(
      (sum, { search }) => Math.min(sum, search.heldFrom),
      this.#length,
    );
    return Math.max(this.#strings.numHeld, Math.min(STOP_REGEX_HOLD, this.#length - from));
  }

  #release(end: number): void {
    if (end <= this.#released) return;
    this.#released = end;
    while (this.#hidden[0] !== undefined && this.#hidden[0][1] <= end) {
      const [start, stop] = this.#hidden.shift() ?? [0, 0];
      this.#hiddenBefore += stop - start;
    }
  }

  #visibleAt(index: number): number {
    const hidden = this.#hidden.map(([start, end]) => Math.max(0, Math.min(index, end) - start));
    return index - this.#hiddenBefore - hidden.reduce((sum, units) => sum + units, 0);
  }
}
