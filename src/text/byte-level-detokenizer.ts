import type { Detokenizer } from './detokenizer.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Streams a byte-level BPE (GPT-2's alphabet): every token is a run of bytes, so a streaming UTF-8
 * decoder gives exactly what decoding everything at once would, at a constant cost per token.
 * Added tokens are text of their own and end a run of bytes.
 */
export class ByteLevelDetokenizer implements Detokenizer {
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
