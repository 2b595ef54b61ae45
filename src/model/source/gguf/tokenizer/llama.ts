import type { GgufFields } from '../fields.js';
import { addedTokens, aroundAsAsked, pairOf, vocabOf } from './parts.js';
import type { Token, Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

const SPACE = '▁';

/**
 * SentencePiece's BPE: merges follow from the scores where they are not written down; what no token spells becomes bytes.
 */
export function llamaTokenizer(vocabulary: Vocabulary, fields: GgufFields): Json {
  const prefix = fields.booleanOrNull('tokenizer.ggml.add_space_prefix') ?? true;
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  const prepend = { type: 'Prepend', prepend: SPACE };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    version: '1.0',
    added_tokens: addedTokens(vocabulary),
    normalizer: prefix ? { type: 'Sequence', normalizers: [prepend, replace] } : replace,
    pre_tokenizer: null,
    post_processor: aroundAsAsked(vocabulary, fields, { bos: true, eos: false }),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefix ? [strip] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: vocabulary.byRole.unk?.text ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: vocabOf(vocabulary),
      merges:
        fields.textsOrNull('tokenizer.ggml.merges')?.map(pairOf) ?? mergesOf(vocabulary, fields),
    },
  };
}

interface Merge {
  readonly parts: readonly [string, string];
  /** Of what they become. */
  readonly score: number;
  readonly ids: readonly [number, number];
}

/**
 * Every way in which two tokens become a third, the better scores first; of one token's those from smaller ids first:
 * what the tokenizer.json of such a vocabulary has.
 */
function mergesOf({ tokens, scores }: Vocabulary, fields: GgufFields): (readonly string[])[] {
  if (scores.length === 0) fields.fail('"tokenizer.ggml.scores" is missing');
  const idOf = new Map(tokens.map(({ text, id }) => [text, id]));
  return tokens
    .flatMap((token) => waysTo(token, idOf, scores[token.id] ?? 0))
    .sort((a, b) => b.score - a.score)
    .map(({ parts }) => parts);
}

function waysTo({ text }: Token, idOf: ReadonlyMap<string, number>, score: number): Merge[] {
  const ways: Merge[] = [];
  // No token is half of a pair of surrogates.
  for (let cut = 1; cut < text.length; cut++) {
    const [left, right] = [text.slice(0, cut), text.slice(cut)];
    const ids = [idOf.get(left), idOf.get(right)] as const;
    if (ids[0] === undefined || ids[1] === undefined) continue;
    ways.push({ parts: [left, right], score, ids: [ids[0], ids[1]] });
  }
  return ways.sort((a, b) => a.ids[0] - b.ids[0] || a.ids[1] - b.ids[1]);
}
