import { openSource } from '../model/source/registry.js';
import { Tokenizer } from '../text/tokenizer.js';

/** Most tokens of a text, or of a piece of one, that a model reads at once. */
export const TEXT_TOKENS = 512;

export interface TextLimits {
  readonly vocabSize: number;
  readonly contextLength: number;
}

/**
 * Token ids of texts, in the pieces that they are to be read in: `first`, what is longer is left out; `all`, the rest
 * follows as texts of their own. Null without a tokenizer.
 *
 * @param folders models or folders where a tokenizer may lie: the first that has one is taken
 */
export async function readTexts(
  texts: readonly string[],
  pieces: 'first' | 'all',
  folders: readonly string[],
  { vocabSize, contextLength }: TextLimits,
): Promise<readonly Int32Array[] | null> {
  const tokenizer = await firstTokenizer(folders);
  if (tokenizer === null) return null;
  const most = Math.min(TEXT_TOKENS, contextLength);
  const read: Int32Array[] = [];
  for (const text of texts) {
    const ids = (await tokenizer.encode(text)).filter((id) => id < vocabSize);
    const end = pieces === 'first' ? Math.min(most, ids.length) : ids.length;
    for (let at = 0; at < end; at += most) read.push(ids.slice(at, Math.min(end, at + most)));
  }
  return read.length === 0 ? null : read;
}

async function firstTokenizer(folders: readonly string[]): Promise<Tokenizer | null> {
  for (const folder of folders) {
    const tokenizer = await Tokenizer.load(openSource(folder).tokenizer).catch(() => null);
    if (tokenizer !== null) return tokenizer;
  }
  return null;
}
