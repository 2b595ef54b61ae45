import type { Tokenizer } from './tokenizer.js';

/** A character of UTF-8 has four bytes: after this many tokens a broken tail will not heal. */
const MAX_PENDING_TOKENS = 8;
const REPLACEMENT = '\uFFFD';

/** Turns a request's output ids into text while they arrive. The deltas add up to the whole text. */
export interface Detokenizer {
  /** Text that this token completes; empty while a character is incomplete. */
  push(id: number): string;
  /** What is still held back; call once, at the end. */
  flush(): string;
}

/** The cheapest way to stream this tokenizer's text that is exact. */
export function createDetokenizer(tokenizer: Tokenizer, skipSpecialTokens: boolean): Detokenizer {
  return tokenizer.decoderKind === 'byte-level'
    ? new ByteLevelDetokenizer(tokenizer, skipSpecialTokens)
    : new WindowDetokenizer(tokenizer, skipSpecialTokens);
}

/**
 * Streams a byte-level BPE (GPT-2's alphabet): every token is a run of bytes, so a streaming UTF-8
 * decoder gives exactly what decoding everything at once would, at a constant cost per token.
 * Added tokens are text of their own and end a run of bytes.
 */
class ByteLevelDetokenizer implements Detokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skip: boolean;
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(tokenizer: Tokenizer, skipSpecialTokens: boolean) {
    this.#tokenizer = tokenizer;
    this.#skip = skipSpecialTokens;
  }

  push(id: number): string {
    // A skipped token is as if it were not there: bytes on both sides of it belong together.
    if (this.#skip && this.#tokenizer.isSpecial(id)) return '';
    const added = this.#tokenizer.addedContent(id);
    if (added !== null) return this.#utf8.decode() + added;
    const token = this.#tokenizer.tokenOf(id);
    return token === null ? '' : this.#utf8.decode(bytesOf(token), { stream: true });
  }

  flush(): string {
    return this.#utf8.decode();
  }
}

function bytesOf(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) bytes[i] = BYTE_OF.get(token.charCodeAt(i)) ?? 0;
  return bytes;
}

/**
 * GPT-2's table, inverted: printable bytes stand for themselves, the other 68 are moved to U+0100
 * and up in order.
 */
const BYTE_OF: ReadonlyMap<number, number> = byteAlphabet();

function byteAlphabet(): Map<number, number> {
  const table = new Map<number, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) {
    table.set(isPrintable(byte) ? byte : 256 + moved++, byte);
  }
  return table;
}

function isPrintable(byte: number): boolean {
  return (
    (byte >= 0x21 && byte <= 0x7e) ||
    (byte >= 0xa1 && byte <= 0xac) ||
    (byte >= 0xae && byte <= 0xff)
  );
}

/**
 * For decoders that look at neighbours (SentencePiece's leading space, byte fallback): decodes a window
 * that starts at the last clean cut but one, so that the cost per token does not grow with the text.
 *
 * ```
 * ids    … | a b c | d e | f        prefix = a, read = d: text of [a, d) is out already,
 *          prefix    read           text of [a, f] minus that is the delta
 * ```
 */
class WindowDetokenizer implements Detokenizer {
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
