import { isObject, listOf } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';

/** Normalizers that never make a text shorter than this part of it. */
const SHRINKS_BY: Readonly<Record<string, number>> = {
  // UAX #15: composing makes at most one character of three; measured in UTF-16 units the same.
  NFC: 3,
  Lowercase: 3,
  Prepend: 1,
  ByteLevel: 1,
};

/**
 * The most UTF-16 units of a text that one token can stand for, so that a text can be known not to fit
 * before it is tokenized; null where a token may stand for any number (unknown words, fused unknowns,
 * rules that take characters away, added tokens that take the spaces around them).
 */
export function charsPerToken(tokenizer: Json): number | null {
  const { model, normalizer, pre_tokenizer: preTokenizer } = tokenizer;
  if (!isObject(model) || model['type'] !== 'BPE') return null;
  if (!spellsEverything(model, preTokenizer, normalizer)) return null;
  const shrink = shrinkOf(normalizer);
  const added = listOf(tokenizer['added_tokens']).filter(isObject);
  if (shrink === null || added.some(({ lstrip, rstrip }) => lstrip === true || rstrip === true)) {
    return null;
  }
  const vocab = isObject(model['vocab']) ? model['vocab'] : {};
  let longest = 1;
  for (const token of Object.keys(vocab)) longest = Math.max(longest, token.length);
  for (const { content } of added) longest = Math.max(longest, String(content).length);
  return longest * shrink;
}

/** Byte by byte if need be: no character is dropped or joined with others into one unknown token. */
function spellsEverything(model: Json, preTokenizer: unknown, normalizer: unknown): boolean {
  const splits = flatten(preTokenizer, 'pretokenizers');
  if (splits.some(removes)) return false;
  const rules = flatten(normalizer, 'normalizers');
  return model['byte_fallback'] === true || [...splits, ...rules].some(isByteLevel);
}

const KEEPING = ['ByteLevel', 'Digits', 'Metaspace', 'Punctuation', 'Split', 'UnicodeScripts'];

function removes({ type, behavior }: Json): boolean {
  return !KEEPING.includes(String(type)) || behavior === 'Removed';
}

function isByteLevel({ type }: Json): boolean {
  return type === 'ByteLevel';
}

function flatten(part: unknown, key: string): readonly Json[] {
  if (!isObject(part)) return [];
  if (part['type'] !== 'Sequence') return [part];
  return listOf(part[key]).flatMap((one) => flatten(one, key));
}

function shrinkOf(normalizer: unknown): number | null {
  if (!isObject(normalizer)) return 1;
  const type = String(normalizer['type']);
  if (type === 'Sequence') {
    return flatten(normalizer, 'normalizers')
      .map(shrinkOf)
      .reduce<number | null>((all, one) => (all === null || one === null ? null : all * one), 1);
  }
  if (type === 'Replace') return replaceShrink(normalizer);
  return SHRINKS_BY[type] ?? null;
}

/** ` ` by `▁`: as long as before. */
function replaceShrink({ pattern, content }: Json): number | null {
  const from = isObject(pattern) ? pattern['String'] : null;
  if (typeof from !== 'string' || typeof content !== 'string') return null;
  return content.length >= from.length ? 1 : null;
}
