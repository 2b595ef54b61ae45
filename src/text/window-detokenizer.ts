import type { Detokenizer } from './detokenizer.js';
import type { Tokenizer } from './tokenizer.js';

/** A character of UTF-8 has four bytes: after this many tokens a broken tail will not heal. */
const MAX_PENDING_TOKENS = 8;
const REPLACEMENT = '\uFFFD';

/**
 * For decoders that look at neighbours (SentencePiece's leading space, byte fallback): decodes a window
 * that starts at the last clean cut but one, so that the cost per token does not grow with the text.
 *
 * ```
 * ids    … | a b c | d e | f        prefix = a, read = d: text of [a, d) is out already,
 *          prefix    read           text of [a, f] minus that is the delta
 * ```
 */
export class WindowDetokenizer implements Detokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skip: boolean;
  #window: number[] = [];
  /** Tokens of the window whose text is out. */
  #read = 0;
  /** Characters of the window's text that are out. */
  #emitted = 0;

  constructor(tokenizer: Tokenizer, skipSpecialTokens: boolean) {
    this.#tokenizer = tokenizer;
    this.#skip = skipSpecialTokens;
  }

  push(id: number): string {
    this.#window.push(id);
    const text = this.#decode(this.#window);
    const pending = this.#window.length - this.#read;
    const isClean = !text.endsWith(REPLACEMENT);
    if (!isClean && pending <= MAX_PENDING_TOKENS) return '';
    return this.#advance(text);
  }

  flush(): string {
    return this.#advance(this.#decode(this.#window));
  }

  #advance(text: string): string {
    const delta = text.slice(this.#emitted);
    this.#window = this.#window.slice(this.#read);
    this.#read = this.#window.length;
    this.#emitted = this.#decode(this.#window).length;
    return delta;
  }

  #decode(ids: readonly number[]): string {
    return this.#tokenizer.decode(ids, this.#skip);
  }
}
