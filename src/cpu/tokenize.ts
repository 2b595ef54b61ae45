import type { CpuPool } from './pool.js';

/** Tokenizes away from the main thread, for prompts that would stop its event loop. */
export function tokenizeOn(pool: CpuPool, folder: string): TokenizeLong {
  return (text, addSpecialTokens = true) =>
    pool.run({ kind: 'tokenize', folder, text, addSpecialTokens });
}

/** Special tokens are added unless told not to. */
export type TokenizeLong = (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
