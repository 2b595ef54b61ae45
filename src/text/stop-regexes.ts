import { MAX_STOP_REGEX_LENGTH, StopRegex } from './stop-regex.js';

/** Characters of all patterns of a body, each counted once. */
export const MAX_BODY_REGEX_CHARS = 16_384;
/** Parts that all of them are compiled to. */
export const MAX_BODY_REGEX_PARTS = 65_536;

/** The patterns of one body: each is compiled once, and all together cost the event loop no more than 50 ms. */
export class StopRegexes {
  readonly #known = new Map<string, StopRegex>();
  #chars = 0;
  #parts = 0;

  /** @throws SyntaxError for what is no regular expression; RegexSizeError */
  compile(pattern: string): StopRegex {
    const known = this.#known.get(pattern);
    if (known !== undefined) return known;
    if (pattern.length > MAX_STOP_REGEX_LENGTH) {
      throw new RegexSizeError(
        `A stop_regex must have at most ${MAX_STOP_REGEX_LENGTH} characters.`,
      );
    }
    this.#chars += pattern.length;
    if (this.#chars > MAX_BODY_REGEX_CHARS) {
      throw new RegexSizeError(
        `stop_regex may have at most ${MAX_BODY_REGEX_CHARS} characters of different patterns in a request.`,
      );
    }
    const made = new StopRegex(pattern);
    this.#parts += made.numParts;
    if (this.#parts > MAX_BODY_REGEX_PARTS) {
      throw new RegexSizeError(
        'The stop_regex of the request are too large together, with their repeats written out.',
      );
    }
    this.#known.set(pattern, made);
    return made;
  }
}

/** Patterns that are longer or larger than a body may bring. */
export class RegexSizeError extends Error {
  override readonly name = 'RegexSizeError';
}
