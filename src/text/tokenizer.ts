import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as hf from '@huggingface/tokenizers';

import { StartupError } from '../core/errors.js';
import { PairTemplate, type EncodedPair } from './pair-template.js';
import { splitPrecompiled, type PrecompiledNormalizer } from './precompiled-normalizer.js';

type Json = Readonly<Record<string, unknown>>;

/** The library's typings do not resolve under Node's ESM rules; these are the calls that are used. */
interface HfTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[] };
  decode(
    ids: number[],
    options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean },
  ): string;
  id_to_token(id: number): string | undefined;
  token_to_id(token: string): number | undefined;
  get_vocab(withAddedTokens: boolean): Map<string, number>;
}

const HfTokenizer = (hf as { Tokenizer: unknown }).Tokenizer as new (
  json: Json,
  config: Json,
) => HfTokenizer;

/** How a tokenizer turns tokens back into text: byte-level ones can be streamed byte by byte. */
export type DecoderKind = 'byte-level' | 'other';

/**
 * Text ⇄ token ids of one model, from its `tokenizer.json` and `tokenizer_config.json`.
 * Ids are the ones of Hugging Face's Rust library.
 */
export class Tokenizer {
  /** One more than the largest id; a model's own vocabulary may be padded beyond it. */
  readonly vocabSize: number;
  readonly decoderKind: DecoderKind;
  /** `eos_token` of the tokenizer config, or null. */
  readonly eosTokenId: number | null;
  readonly #hf: HfTokenizer;
  readonly #pairTemplate: PairTemplate;
  /** Runs before the library's own normalizers. */
  readonly #normalizer: PrecompiledNormalizer | null;
  /** Ids of added tokens → content; they stand outside the byte stream. */
  readonly #added: ReadonlyMap<number, AddedToken>;

  constructor(tokenizerJson: Json, config: Json) {
    const { normalizer, rest } = splitPrecompiled(tokenizerJson);
    this.#normalizer = normalizer;
    this.#hf = new HfTokenizer(rest, config);
    this.#pairTemplate = new PairTemplate(tokenizerJson);
    this.#added = addedTokens(tokenizerJson, config, this.#hf);
    this.vocabSize = 1 + largestId(this.#hf);
    this.decoderKind = typeOf(tokenizerJson['decoder']) === 'ByteLevel' ? 'byte-level' : 'other';
    this.eosTokenId = tokenIdOf(config['eos_token'], this.#hf);
  }

  /** Reads both files of a model folder. @throws StartupError with one sentence. */
  static async load(folder: string): Promise<Tokenizer> {
    const json = await readJson(join(folder, 'tokenizer.json'), null);
    const config = await readJson(join(folder, 'tokenizer_config.json'), {});
    try {
      return new Tokenizer(json, config);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StartupError(`The tokenizer in ${folder} cannot be used: ${why}`);
    }
  }

  /** `addSpecialTokens` runs the post-processor, which adds BOS where the model wants one. */
  encode(text: string, addSpecialTokens = true): Int32Array {
    if (text === '') return addSpecialTokens ? this.#encode('', true) : new Int32Array(0);
    return this.#encode(text, addSpecialTokens);
  }

  /** Two texts, encoded without special tokens, as one sequence with those around and between them. */
  joinPair(first: Int32Array, second: Int32Array): EncodedPair {
    return this.#pairTemplate.join(first, second);
  }

  /** Ids outside the vocabulary (padding rows of the model's matrix) have no text. */
  decode(ids: Iterable<number>, skipSpecialTokens = true): string {
    const known = [...ids].filter(
      (id) => this.tokenOf(id) !== null && !(skipSpecialTokens && this.isSpecial(id)),
    );
    if (known.length === 0) return '';
    return this.#hf.decode(known, {
      skip_special_tokens: false,
      // It rewrites text across tokens (" ." → "."), which no stream can take back.
      clean_up_tokenization_spaces: false,
    });
  }

  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special === true;
  }

  /** Content of an added token, or null for one of the model's vocabulary. */
  addedContent(id: number): string | null {
    return this.#added.get(id)?.content ?? null;
  }

  /** The vocabulary's own spelling of a token, e.g. `Ġthe`; null outside it. */
  tokenOf(id: number): string | null {
    return this.#hf.id_to_token(id) ?? null;
  }

  #encode(text: string, addSpecialTokens: boolean): Int32Array {
    const normalized = this.#normalizer?.normalize(text) ?? text;
    const { ids } = this.#hf.encode(normalized, { add_special_tokens: addSpecialTokens });
    // A tokenizer without an unknown token yields undefined for what it cannot spell.
    return Int32Array.from(ids.filter((id) => id !== undefined));
  }
}

interface AddedToken {
  readonly content: string;
  readonly special: boolean;
}

function addedTokens(json: Json, config: Json, hf: HfTokenizer): Map<number, AddedToken> {
  const special = new Set(
    Array.isArray(config['additional_special_tokens']) ? config['additional_special_tokens'] : [],
  );
  const added = new Map<number, AddedToken>();
  const list: unknown = json['added_tokens'];
  for (const entry of Array.isArray(list) ? (list as Json[]) : []) {
    const { id, content } = entry;
    if (typeof id !== 'number' || typeof content !== 'string') continue;
    if (hf.id_to_token(id) !== content) continue;
    added.set(id, { content, special: entry['special'] === true || special.has(content) });
  }
  return added;
}

function largestId(hf: HfTokenizer): number {
  let largest = -1;
  for (const id of hf.get_vocab(true).values()) largest = Math.max(largest, id);
  return largest;
}

/** `"</s>"` or `{"content": "</s>", …}`, as both spellings are in use. */
function tokenIdOf(value: unknown, hf: HfTokenizer): number | null {
  const content =
    typeof value === 'object' && value !== null && 'content' in value ? value.content : value;
  return typeof content === 'string' ? (hf.token_to_id(content) ?? null) : null;
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
}

async function readJson(path: string, fallback: Json | null): Promise<Json> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    if (fallback !== null) return fallback;
    throw new StartupError(`${path} is missing: a model folder needs a tokenizer.json.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not valid JSON.`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new StartupError(`${path} is not a JSON object.`);
  }
  return json as Json;
}
