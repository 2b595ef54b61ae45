import { RequestError, StartupError } from '../core/errors.js';
import type { NamedFiles } from '../core/named-files.js';
import type { AddedToken, TokenizerFiles } from './added-tokens.js';
import { bytesOfToken } from './byte-alphabet.js';
import { fallbackByte } from './byte-fallback.js';
import { DecoderChain } from './decoder-chain.js';
import { hasByteLevel } from './decoder-stages.js';
import { effectiveTokenizer } from './effective-tokenizer.js';
import { HfTokenizer, type Encoded, type Json } from './hf-tokenizers.js';
import { charsPerToken } from './text-bound.js';
import { readTokenizerFiles } from './tokenizer-files.js';

const REPLACEMENT = '\uFFFD';
const UTF8 = new TextEncoder();

/** Ends a turn of Llama 3's tool calls; SGLang stops at it wherever a tokenizer has it. */
const END_OF_MESSAGE = '<|eom_id|>';

/**
 * Text ⇄ token ids of one model, as transformers' AutoTokenizer makes it of the model's files. Encoding
 * runs on the library's threads; decoding is Radish's own, because streams need it at once.
 */
export class Tokenizer {
  /** One more than the largest id; a model's own vocabulary may be padded beyond it. */
  readonly vocabSize: number;
  /** `decoder` of tokenizer.json. */
  readonly decoder: unknown;
  /** tokenizer_config.json. */
  readonly config: Json;
  /** `eos_token`, or null. */
  readonly eosTokenId: number | null;
  /** Tokens that end an answer on the tokenizer's word: `eos_token` and `<|eom_id|>`. */
  readonly endTokenIds: readonly number[];
  /** No token stands for more UTF-16 units of a text; null where there is no such bound. */
  readonly maxCharsPerToken: number | null;
  readonly #hf: HfTokenizer;
  /** Added tokens by id. */
  readonly #added: ReadonlyMap<number, AddedToken>;
  /** Contents: a token that is spelled as a special one is one, as in the library. */
  readonly #specials: ReadonlySet<string>;

  /** @throws Error in the library's words */
  constructor(tokenizer: Json, config: Json, others: Partial<TokenizerFiles> = {}) {
    const none = { specialTokensMap: null, addedTokens: null, modelType: null, slow: null };
    const { json, added, byRole } = effectiveTokenizer({ ...none, ...others, tokenizer, config });
    this.#hf = new HfTokenizer(json);
    this.#added = asNumbered(added, this.#hf);
    this.#specials = new Set(
      [...this.#added.values()].flatMap(({ special, content }) => (special ? [content] : [])),
    );
    this.vocabSize = [...this.#added.keys()].reduce(
      (a, b) => Math.max(a, b + 1),
      this.#hf.vocabSize,
    );
    this.decoder = json['decoder'];
    this.config = config;
    this.eosTokenId = this.#idOf(byRole.get('eos_token'));
    const ends = [this.eosTokenId, this.#idOf(END_OF_MESSAGE)];
    this.endTokenIds = [...new Set(ends.filter((id) => id !== null))];
    this.maxCharsPerToken = charsPerToken(json);
  }

  /** Reads the files of a model. @throws StartupError with one sentence */
  static async load(files: NamedFiles): Promise<Tokenizer> {
    const { tokenizer, config, ...others } = await readTokenizerFiles(files);
    try {
      return new Tokenizer(tokenizer, config, others);
    } catch (error) {
      throw new StartupError(`The tokenizer in ${files.path} cannot be used: ${messageOf(error)}`);
    }
  }

  /**
   * `addSpecialTokens` runs the post-processor, which adds BOS where the model wants one.
   * @throws RequestError for a text that the vocabulary cannot spell
   */
  async encode(text: string, addSpecialTokens = true): Promise<Int32Array> {
    return (await this.#encode(text, null, addSpecialTokens)).ids;
  }

  /** Two texts as one sequence, with the special tokens around and between them. @throws RequestError */
  async encodePair(first: string, second: string): Promise<Encoded> {
    return this.#encode(first, second, true);
  }

  /** Ids outside the vocabulary (padding rows of the model's matrix) have no text. */
  decode(ids: Iterable<number>, skipSpecialTokens = true): string {
    let text = '';
    for (const piece of this.decodeInPieces(ids, skipSpecialTokens, Infinity)) text += piece;
    return text;
  }

  /** The same, `numIds` at a time: others may have their turn in between. The pieces add up to the text. */
  *decodeInPieces(
    ids: Iterable<number>,
    skipSpecialTokens: boolean,
    numIds: number,
  ): Generator<string> {
    const chain = new DecoderChain(this.decoder);
    let text = '';
    let numRead = 0;
    for (const id of ids) {
      const token = this.textTokenOf(id, skipSpecialTokens);
      if (token !== null) text += chain.push(token);
      if (++numRead % numIds !== 0) continue;
      yield text;
      text = '';
    }
    yield text + chain.end();
  }

  /** The bytes that a token stands for, also where they are a part of a character alone. */
  bytesOf(id: number): Uint8Array {
    const text = this.decode([id], false);
    const token = text.includes(REPLACEMENT) && !this.#added.has(id) ? this.tokenOf(id) : null;
    const byte = token === null ? null : fallbackByte(token);
    if (byte !== null) return Uint8Array.of(byte);
    if (token !== null && hasByteLevel(this.decoder)) return bytesOfToken(token);
    return UTF8.encode(text);
  }

  /** True for one token that is spelled like this. */
  hasToken(content: string): boolean {
    return this.#idOf(content) !== null;
  }

  /** True for a special token, which `skip_special_tokens` hides. */
  isSpecialText(content: string): boolean {
    return this.#specials.has(content);
  }

  /** Whether a token of this spelling was added to the vocabulary, special or not. */
  hasAdded(content: string): boolean {
    return [...this.#added.values()].some((token) => token.content === content);
  }

  isSpecial(id: number): boolean {
    const token = this.tokenOf(id);
    return token !== null && this.#specials.has(token);
  }

  /** Content of an added token, or null for one of the model's vocabulary. */
  addedContent(id: number): string | null {
    return this.#added.get(id)?.content ?? null;
  }

  /** The vocabulary's own spelling of a token, e.g. `Ġthe`; null outside it. */
  tokenOf(id: number): string | null {
    return this.#added.get(id)?.content ?? this.#hf.tokenOf(id);
  }

  /** What the decoder gets of an id; null for one without text. */
  textTokenOf(id: number, skipSpecialTokens: boolean): string | null {
    const token = this.tokenOf(id);
    return token === null || (skipSpecialTokens && this.#specials.has(token)) ? null : token;
  }

  #idOf(content: string | undefined): number | null {
    if (content === undefined) return null;
    for (const [id, token] of this.#added) if (token.content === content) return id;
    return this.#hf.idOf(content);
  }

  async #encode(text: string, pair: string | null, addSpecialTokens: boolean): Promise<Encoded> {
    try {
      return await this.#hf.encode(text, pair, addSpecialTokens);
    } catch (error) {
      const why = messageOf(error);
      throw new RequestError('INVALID_REQUEST', `The text cannot be tokenized: ${why}`);
    }
  }
}

/** By the ids that the library gave: it counts on where a file skips some. */
function asNumbered(
  added: ReadonlyMap<number, AddedToken>,
  hf: HfTokenizer,
): ReadonlyMap<number, AddedToken> {
  return new Map([...added].map(([id, token]) => [hf.idOf(token.content) ?? id, token]));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
