import { ByteLevelDetokenizer } from './byte-level-detokenizer.js';
import type { Detokenizer } from './detokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { WindowDetokenizer } from './window-detokenizer.js';

/** The cheapest way to stream this tokenizer's text that is exact. */
export function createDetokenizer(tokenizer: Tokenizer, skipSpecialTokens: boolean): Detokenizer {
  return tokenizer.decoderKind === 'byte-level'
    ? new ByteLevelDetokenizer(tokenizer, skipSpecialTokens)
    : new WindowDetokenizer(tokenizer, skipSpecialTokens);
}
