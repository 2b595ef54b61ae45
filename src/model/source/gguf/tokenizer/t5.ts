import type { GgufFields } from '../fields.js';
import { addedTokens, aroundAsAsked } from './parts.js';
import type { Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

const SPACE = '▁';

/** SentencePiece's Unigram: of all ways to cut a text the one with the best scores. */
export function t5Tokenizer(vocabulary: Vocabulary, fields: GgufFields): Json {
  const { tokens, scores, byRole } = vocabulary;
  if (scores.length === 0) fields.fail('"tokenizer.ggml.scores" is missing');
  const prefix = fields.booleanOrNull('tokenizer.ggml.add_space_prefix') ?? true;
  const strips = fields.booleanOrNull('tokenizer.ggml.remove_extra_whitespaces') ?? false;
  const metaspace = {
    type: 'Metaspace',
    replacement: SPACE,
    prepend_scheme: prefix ? 'always' : 'never',
    split: true,
  };
  const normalizers = [
    ...charsmap(fields),
    ...(strips ? [{ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }] : []),
  ];
  return {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer: normalizers.length === 0 ? null : { type: 'Sequence', normalizers },
    pre_tokenizer: strips
      ? { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace] }
      : metaspace,
    post_processor: aroundAsAsked(vocabulary, fields, { bos: false, eos: true }),
    decoder: metaspace,
    model: {
      type: 'Unigram',
      unk_id: byRole.unk?.id ?? null,
      vocab: tokens.map(({ text, id }) => [text, scores[id] ?? 0]),
      byte_fallback: false,
    },
  };
}

/** What characters are replaced by before anything else: a table that the library reads as it is. */
function charsmap(fields: GgufFields): readonly Json[] {
  const bytes = fields.numbersOrNull('tokenizer.ggml.precompiled_charsmap') ?? [];
  if (bytes.length === 0) return [];
  const table = Buffer.from(Uint8Array.from(bytes)).toString('base64');
  return [{ type: 'Precompiled', precompiled_charsmap: table }];
}
