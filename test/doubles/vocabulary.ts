import { joinBytes, type VocabularyBytes } from '../../src/core/vocabulary-bytes.js';

/** A vocabulary of these texts; `<…>` in angle brackets of length over 3 is a special token. */
export function vocabularyOf(tokens: readonly string[]): VocabularyBytes {
  const encoder = new TextEncoder();
  const isSpecial = (token: string): boolean => /^<\|.+\|>$/.test(token);
  const specials = tokens.flatMap((token, id) => (isSpecial(token) ? [[id, token] as const] : []));
  return joinBytes(
    tokens.map((token) => encoder.encode(isSpecial(token) ? '' : token)),
    specials,
  );
}

/** Every ASCII character, some words, and some parts of longer characters. */
export function smallVocabulary(): VocabularyBytes {
  const ascii = Array.from({ length: 95 }, (_, i) =>
    new TextEncoder().encode(String.fromCharCode(32 + i)),
  );
  const words = [
    'true',
    'false',
    'null',
    '": "',
    '", "',
    '{"',
    '"}',
    'abc',
    '12',
    ' Yes',
    ' No',
    'é',
    '\n',
    '\t',
  ];
  const bytes = [[0xc3], [0xa9], [0xf0, 0x9f], [0x98, 0x80], [0xe2, 0x82]].map((list) =>
    Uint8Array.from(list),
  );
  const tokens = [
    new Uint8Array(0),
    ...ascii,
    ...words.map((word) => new TextEncoder().encode(word)),
    ...bytes,
  ];
  return joinBytes(tokens, []);
}
