import { refuse } from '../core/errors.js';
import type { Tokenizer } from '../text/tokenizer.js';

/** Requests with more text than this are tokenized off the main thread: a megabyte takes seconds. */
const LONG_TEXT_CHARS = 32 * 1024;

const NO_TOKENIZER =
  'The engine initialized with skip_tokenizer_init=True cannot accept text prompts. Please provide input_ids or re-initialize the engine with skip_tokenizer_init=False.';

export interface EncodeDeps {
  /** Null with `--skip-tokenizer-init`. */
  readonly tokenizer: Tokenizer | null;
  /** Tokenizes off the main thread. */
  readonly tokenizeLong: (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
}

/** `addSpecialTokens` false = the text has them already, as a rendered chat template does. */
export type Encode = (text: string, addSpecialTokens: boolean) => Int32Array | Promise<Int32Array>;

/** How the texts of one request are tokenized, by how long they are together; it refuses without a tokenizer. */
export function encoderFor(numChars: number, { tokenizer, tokenizeLong }: EncodeDeps): Encode {
  return (text, addSpecialTokens) => {
    if (tokenizer === null) return refuse(NO_TOKENIZER);
    return numChars > LONG_TEXT_CHARS
      ? tokenizeLong(text, addSpecialTokens)
      : tokenizer.encode(text, addSpecialTokens);
  };
}
