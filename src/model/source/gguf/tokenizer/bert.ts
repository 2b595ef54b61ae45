import { CONTROL, UNKNOWN } from './special-ids.js';
import { addedTokens, around } from './parts.js';
import type { Token, Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

/** Stands where a word begins; WordPiece marks where it goes on. */
const BEGIN = '▁';
const GOES_ON = '##';

/** WordPiece. Whether texts are put into lower case is not written down: they are where no token has upper case. */
export function bertTokenizer(vocabulary: Vocabulary): Json {
  const { tokens, byRole } = vocabulary;
  const words = tokens.map((token) => ({ ...token, text: wordPiece(token) }));
  const isSpecial = ({ type }: Token): boolean => type === CONTROL || type === UNKNOWN;
  const isCased = words.some((token) => !isSpecial(token) && /^(##)?\p{Lu}/u.test(token.text));
  const first = byRole.cls ?? byRole.bos ?? null;
  const last = byRole.sep ?? byRole.eos ?? null;
  return {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: !isCased,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: aroundPair(first, last),
    decoder: { type: 'WordPiece', prefix: GOES_ON, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: byRole.unk?.text ?? '[UNK]',
      continuing_subword_prefix: GOES_ON,
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map(({ text, id }) => [text, id])),
    },
  };
}

function wordPiece({ text, type }: Token): string {
  if (type === CONTROL || type === UNKNOWN) return text;
  return text.startsWith(BEGIN) ? text.slice(BEGIN.length) : GOES_ON + text;
}

/** `[CLS] A [SEP]`, `[CLS] A [SEP] B [SEP]`. */
function aroundPair(first: Token | null, last: Token | null): Json {
  const { single, special_tokens, type } = around(first, last);
  const end = last === null ? [] : [{ SpecialToken: { id: last.text, type_id: 1 } }];
  const pair = [...(single as Json[]), { Sequence: { id: 'B', type_id: 1 } }, ...end];
  return { type, single, pair, special_tokens };
}
