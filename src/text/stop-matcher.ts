import { STOP_REGEX_TAIL, type StopRegex } from './stop-regex.js';

/** Characters that a request with a stop regex holds back: a match may begin in any of them. */
const REGEX_HOLD_CHARS = 64;

export interface StopMatch {
  /** The stop string or the pattern text, for `finish_reason.matched`. */
  readonly matched: string;
  /** The visible text ends here (before the match, or after it with `no_stop_trim`). */
  readonly visibleLength: number;
}

/**
 * Looks for stop strings and regexes in a request's text as it grows. The first stop in list order wins,
 * strings before regexes. Text that could still begin a match is held back from the client.
 *
 * Special tokens may be hidden from the client and yet be named as a stop string, so hidden text is
 * searched too, but has no visible length.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  readonly #regexes: readonly StopRegex[];
  readonly #noStopTrim: boolean;
  /** Last part of the searched text; older text cannot take part in a match. */
  #tail = '';
  /** Visible characters before `#tail`. */
  #visibleBefore = 0;
  /** `[start, end)` of hidden text, relative to `#tail`, in order. */
  #hidden: [number, number][] = [];
  readonly #tailLength: number;

  constructor(stops: readonly string[], regexes: readonly StopRegex[], noStopTrim: boolean) {
    this.#stops = stops.filter((stop) => stop !== '');
    this.#regexes = regexes;
    this.#noStopTrim = noStopTrim;
    const longest = Math.max(0, ...this.#stops.map((stop) => stop.length));
    this.#tailLength = Math.max(longest, regexes.length > 0 ? STOP_REGEX_TAIL : 0);
  }

  /** Adds the text of one token. @throws RegexBudgetError */
  push(delta: string, isHidden = false): StopMatch | null {
    if (delta === '') return null;
    const start = this.#tail.length;
    this.#tail += delta;
    if (isHidden) this.#hidden.push([start, this.#tail.length]);
    const match = this.#find(start);
    if (match === null) this.#trimTail();
    return match;
  }

  /** Visible characters that no later text can turn into a match. */
  get safeLength(): number {
    const held = Math.max(
      this.#regexes.length > 0 ? Math.min(REGEX_HOLD_CHARS, this.#tail.length) : 0,
      ...this.#stops.map((stop) => overlap(this.#tail, stop)),
    );
    return this.#visibleAt(this.#tail.length - held);
  }

  /** `from`: where the new text starts; a new match must end beyond it. */
  #find(from: number): StopMatch | null {
    for (const stop of this.#stops) {
      const at = this.#tail.indexOf(stop, Math.max(0, from - stop.length + 1));
      if (at >= 0) return this.#matchAt(stop, at);
    }
    for (const regex of this.#regexes) {
      const found = regex.search(this.#tail);
      if (found !== null) return this.#matchAt(regex.pattern, found.start);
    }
    return null;
  }

  #matchAt(matched: string, start: number): StopMatch {
    const end = this.#noStopTrim ? this.#tail.length : start;
    return { matched, visibleLength: this.#visibleAt(end) };
  }

  #visibleAt(index: number): number {
    let visible = this.#visibleBefore + index;
    for (const [start, end] of this.#hidden) {
      visible -= Math.max(0, Math.min(index, end) - start);
    }
    return visible;
  }

  /** Keeps twice what a match may need, and cuts back only then: constant cost per character. */
  #trimTail(): void {
    if (this.#tail.length <= 2 * this.#tailLength + REGEX_HOLD_CHARS) return;
    const cut = this.#tail.length - this.#tailLength;
    this.#visibleBefore = this.#visibleAt(cut);
    this.#tail = this.#tail.slice(cut);
    this.#hidden = this.#hidden
      .filter(([, end]) => end > cut)
      .map(([start, end]) => [Math.max(0, start - cut), end - cut]);
  }
}

/** Length of the longest proper prefix of `stop` that `text` ends with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(stop.length - 1, text.length); n > 0; n--) {
    if (text.at(-1) === stop[n - 1] && text.endsWith(stop.slice(0, n))) return n;
  }
  return 0;
}
