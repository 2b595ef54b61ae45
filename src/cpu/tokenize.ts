import { Tokenizer } from '../text/tokenizer.js';
import type { CpuPool } from './pool.js';

/** Text to ids with the tokenizer of a folder, special tokens added. */
export interface TokenizeTask {
  readonly kind: 'tokenize';
  readonly folder: string;
  readonly text: string;
}

/** One tokenizer per thread: loading one takes longer than most prompts. */
let loaded: { readonly folder: string; readonly tokenizer: Promise<Tokenizer> } | null = null;

/** Runs on a thread of the pool. */
export async function runTokenize({ folder, text }: TokenizeTask): Promise<Int32Array> {
  if (loaded?.folder !== folder) loaded = { folder, tokenizer: Tokenizer.load(folder) };
  return (await loaded.tokenizer).encode(text);
}

/** Tokenizes away from the main thread, for prompts that would stop its event loop. */
export function tokenizeOn(pool: CpuPool, folder: string): (text: string) => Promise<Int32Array> {
  return (text) => pool.run({ kind: 'tokenize', folder, text });
}
