import { joinBytes, type VocabularyBytes } from '../core/vocabulary-bytes.js';
import { bytesOfToken } from './byte-alphabet.js';
import { fallbackByte } from './byte-fallback.js';
import { hasByteLevel } from './decoder-stages.js';
import type { Tokenizer } from './tokenizer.js';

/** Tokens that are read in one turn of the event loop. */
const TOKENS_PER_TURN = 1024;
const UTF8 = new TextEncoder();
const NONE = new Uint8Array(0);

/**
 * What each token adds to a text that has begun. Special tokens, and those that end an answer, have no bytes.
 * @param vocabSize rows of the model's logits
 */
export async function vocabularyBytes(
  tokenizer: Tokenizer,
  vocabSize: number,
  eosTokenIds: readonly number[],
): Promise<VocabularyBytes> {
  const bytesOf = readerOf(tokenizer);
  const specials: [number, string][] = [];
  const tokens: Uint8Array[] = [];
  for (let id = 0; id < vocabSize; id++) {
    const isEnd = eosTokenIds.includes(id);
    const isSpecial = tokenizer.isSpecial(id);
    if (isSpecial && !isEnd) specials.push([id, tokenizer.tokenOf(id) ?? '']);
    tokens.push(isEnd || isSpecial ? NONE : bytesOf(id));
    if (id % TOKENS_PER_TURN === 0) await new Promise(setImmediate);
  }
  return joinBytes(tokens, specials);
}

/** Behind another token, as many decoders take away a space from the first one. */
function readerOf(tokenizer: Tokenizer): (id: number) => Uint8Array {
  const isByteLevel = hasByteLevel(tokenizer.decoder);
  const first = firstWord(tokenizer);
  const before = first === null ? '' : tokenizer.decode([first], false);
  return (id) => {
    const added = tokenizer.addedContent(id);
    const token = tokenizer.tokenOf(id);
    if (added !== null) return UTF8.encode(added);
    if (token === null) return NONE;
    if (isByteLevel) return bytesOfToken(token);
    const byte = fallbackByte(token);
    if (byte !== null) return Uint8Array.of(byte);
    const text = tokenizer.decode(first === null ? [id] : [first, id], false);
    return text.startsWith(before) ? UTF8.encode(text.slice(before.length)) : NONE;
  };
}

/** A token that is a word, whatever follows. */
function firstWord(tokenizer: Tokenizer): number | null {
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    if (tokenizer.addedContent(id) !== null || tokenizer.isSpecial(id)) continue;
    if (/^[a-z]+$/.test(tokenizer.decode([id], false))) return id;
  }
  return null;
}
