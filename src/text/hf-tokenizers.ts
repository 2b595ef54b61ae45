/** Hugging Face's own tokenizer library behind the few calls that are used: the only file that imports it. */
import { Tokenizer } from 'tokenizers';

/** Parsed JSON of one of a model's files. */
export type Json = Readonly<Record<string, unknown>>;

export interface Encoded {
  /** `[length]` */
  readonly ids: Int32Array;
  /** `[length]`: which of two texts a token belongs to, as the model was trained. */
  readonly typeIds: Int32Array;
}

/** Text to ids on the library's own threads, and the names of ids. */
export class HfTokenizer {
  readonly #tokenizer: Tokenizer;
  /** One more than the largest id. */
  readonly vocabSize: number;

  /** @throws Error in the library's words when it is not the JSON of a tokenizer */
  constructor(tokenizerJson: Json) {
    this.#tokenizer = Tokenizer.fromString(JSON.stringify(tokenizerJson));
    let largest = -1;
    for (const id of Object.values(this.#tokenizer.getVocab(true))) largest = Math.max(largest, id);
    this.vocabSize = largest + 1;
  }

  /** Rejects in the library's words, e.g. of a word that no token stands for. */
  async encode(text: string, pair: string | null, addSpecialTokens: boolean): Promise<Encoded> {
    const encoding = await this.#tokenizer.encode(text, pair, { addSpecialTokens });
    const ids = Int32Array.from(encoding.getIds());
    const typeIds = pair === null ? new Int32Array(0) : Int32Array.from(encoding.getTypeIds());
    return { ids, typeIds };
  }

  /** The vocabulary's spelling, e.g. `Ġthe`; null outside `[0, vocabSize)` and in its gaps. */
  tokenOf(id: number): string | null {
    return id >= 0 && id < this.vocabSize ? this.#tokenizer.idToToken(id) : null;
  }

  idOf(token: string): number | null {
    return this.#tokenizer.tokenToId(token);
  }
}

/** What the library's decoder of this JSON makes of a list of tokens, at once. */
export function libraryDecoder(decoder: Json): (tokens: readonly string[]) => string {
  const model = { type: 'WordLevel', vocab: { '': 0 }, unk_token: '' };
  const made = Tokenizer.fromString(JSON.stringify({ model, decoder })).getDecoder();
  return (tokens) => made?.decode([...tokens]) ?? tokens.join(' ');
}
