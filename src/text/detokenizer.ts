import { DecoderChain } from './decoder-chain.js';
import type { Tokenizer } from './tokenizer.js';

/** Prompt tokens that an answer's text is decoded behind, as in SGLang: they settle its first space. */
const PROMPT_TAIL_TOKENS = 5;

export interface DetokenizerOptions {
  readonly skipSpecialTokens: boolean;
  /** Ids that stand before the first one; the text does not contain them. */
  readonly prompt: Int32Array;
}

/**
 * Turns a request's output ids into text while they arrive, whole characters at a time. The deltas add up
 * to the text of prompt and output together, less that of the prompt, however they are read.
 */
export class Detokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skips: boolean;
  readonly #chain: DecoderChain;
  /** Text of the prompt that its last tokens have not settled: not for the client when it comes. */
  #unread: string;

  constructor(tokenizer: Tokenizer, { skipSpecialTokens, prompt }: DetokenizerOptions) {
    this.#tokenizer = tokenizer;
    this.#skips = skipSpecialTokens;
    this.#chain = new DecoderChain(tokenizer.decoder);
    const tail = prompt.subarray(Math.max(0, prompt.length - PROMPT_TAIL_TOKENS));
    const settled = this.#pushAll(tail);
    this.#unread =
      tail.length === 0 ? '' : tokenizer.decode(tail, skipSpecialTokens).slice(settled.length);
  }

  /** Text that this token completes; empty while it may still change. */
  push(id: number): string {
    return this.#unread === '' ? this.#push(id) : this.#less(this.#push(id));
  }

  /** What is still held back; call once, at the end. */
  flush(): string {
    return this.#less(this.#chain.end());
  }

  #pushAll(ids: Iterable<number>): string {
    let text = '';
    for (const id of ids) text += this.#push(id);
    return text;
  }

  #push(id: number): string {
    const token = this.#tokenizer.textTokenOf(id, this.#skips);
    return token === null ? '' : this.#chain.push(token);
  }

  /** A character that the prompt began and the output ended is the output's. */
  #less(text: string): string {
    let at = 0;
    while (at < text.length && at < this.#unread.length && text[at] === this.#unread[at]) at++;
    this.#unread = at === text.length ? this.#unread.slice(at) : '';
    return text.slice(at);
  }
}
