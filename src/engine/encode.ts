import { refuse, refuseLong } from '../core/errors.js';
import type { Tokenizer } from '../text/tokenizer.js';
import type { EncodeQueue } from './encode-queue.js';

/** UTF-16 units of all texts of one request to a model. */
export const MAX_REQUEST_CHARS = 16 * 1024 * 1024;
/** Longest text, in UTF-16 units per token of the context, where the tokenizer sets no bound of its own. */
const MAX_CHARS_PER_TOKEN = 256;
/** A text of this many UTF-16 units is tokenized whatever the context is. */
const MIN_TEXT_CHARS = 1024 * 1024;
/**
 * Longest text of all: the tokenizers' regexes give a match up after 10 million retries, and take the process with
 * them. Each space of a run can be one (`\s*[\r\n]+` of Llama 3 and Qwen).
 */
export const MAX_TEXT_CHARS = 8 * 1024 * 1024;

const NO_TOKENIZER =
  'The engine initialized with skip_tokenizer_init=True cannot accept text prompts. Please provide input_ids or re-initialize the engine with skip_tokenizer_init=False.';

export interface EncodeDeps {
  /** Null with `--skip-tokenizer-init`. */
  readonly tokenizer: Tokenizer | null;
  readonly encodeQueue: EncodeQueue;
}

/** The texts of one request, tokenized in its turns. All refuse without a tokenizer. */
export interface Encoder {
  /** `addSpecialTokens` false = the text has them already, as a rendered chat template does. */
  readonly text: (text: string, addSpecialTokens: boolean) => Promise<Int32Array>;
  readonly pair: (first: string, second: string) => ReturnType<Tokenizer['encodePair']>;
}

export function encoderFor({ tokenizer, encodeQueue }: EncodeDeps): Encoder {
  const inTurn = encodeQueue.forRequest();
  const need = (): Tokenizer => tokenizer ?? refuse(NO_TOKENIZER);
  return {
    text: async (text, addSpecialTokens) => {
      const tokenizer = need();
      requireShort(text.length, MAX_TEXT_CHARS);
      return inTurn(text.length, () => tokenizer.encode(text, addSpecialTokens));
    },
    pair: async (first, second) => {
      const tokenizer = need();
      const numChars = first.length + second.length;
      requireShort(numChars, MAX_TEXT_CHARS);
      return inTurn(numChars, () => tokenizer.encodePair(first, second));
    },
  };
}

export interface TextBounds {
  readonly contextLength: number;
  /** Texts that are too long are cut, not refused. */
  readonly allowAutoTruncate: boolean;
}

/**
 * Refuses, before anything is tokenized, texts that cannot fit the context however they are tokenized.
 * @param lengths UTF-16 units of each text of a request
 * @throws RequestError
 */
export function checkTextLengths(
  lengths: readonly number[],
  tokenizer: Tokenizer | null,
  { contextLength, allowAutoTruncate }: TextBounds,
): void {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total > MAX_REQUEST_CHARS) {
    refuse(
      `The texts of a request may have at most ${MAX_REQUEST_CHARS} characters together, got ${total}.`,
    );
  }
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const perToken = tokenizer?.maxCharsPerToken ?? null;
  if (perToken !== null && !allowAutoTruncate && longest > contextLength * perToken) {
    refuseLong(
      `The input (at least ${Math.ceil(longest / perToken)} tokens) is longer than the model's context length (${contextLength} tokens).`,
    );
  }
  const fitting = Math.max(MIN_TEXT_CHARS, contextLength * MAX_CHARS_PER_TOKEN);
  const most = Math.min(MAX_TEXT_CHARS, fitting);
  requireShort(longest, most);
}

function requireShort(numChars: number, most: number): void {
  if (numChars <= most) return;
  refuse(`A text may have at most ${most} characters for this model, got ${numChars}.`);
}
