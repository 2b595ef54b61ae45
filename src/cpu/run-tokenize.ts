import { Tokenizer } from '../text/tokenizer.js';

/** Text to ids with the tokenizer of a folder. */
export interface TokenizeTask {
  readonly kind: 'tokenize';
  readonly folder: string;
  readonly text: string;
  /** True = with what the post-processor adds, e.g. BOS. */
  readonly addSpecialTokens: boolean;
}

/** One tokenizer per thread: loading one takes longer than most prompts. */
let loaded: { readonly folder: string; readonly tokenizer: Promise<Tokenizer> } | null = null;

/** Runs on a thread of the pool. */
export async function runTokenize(task: TokenizeTask): Promise<Int32Array> {
  const { folder, text, addSpecialTokens } = task;
  if (loaded?.folder !== folder) loaded = { folder, tokenizer: Tokenizer.load(folder) };
  return (await loaded.tokenizer).encode(text, addSpecialTokens);
}
