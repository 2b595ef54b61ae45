import { RequestError } from '../core/errors.js';
import type { CpuPool } from './pool.js';

/** Long prompts that may be in the pool at a time, those of clients that have left among them. */
const MAX_TOKENIZING = 256;

/** Tokenizes away from the main thread, for prompts that would stop its event loop. */
export function tokenizeOn(pool: CpuPool, folder: string): TokenizeLong {
  let numTokenizing = 0;
  return async (text, addSpecialTokens = true) => {
    if (numTokenizing >= MAX_TOKENIZING) {
      throw new RequestError('QUEUE_FULL', 'The request queue is full.');
    }
    numTokenizing += 1;
    try {
      return await pool.run({ kind: 'tokenize', folder, text, addSpecialTokens });
    } finally {
      numTokenizing -= 1;
    }
  };
}

/** Special tokens are added unless told not to. @throws RequestError QUEUE_FULL */
export type TokenizeLong = (text: string, addSpecialTokens?: boolean) => Promise<Int32Array>;
