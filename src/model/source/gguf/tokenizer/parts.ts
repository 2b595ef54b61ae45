/** Pieces of a tokenizer.json that several kinds have. */
import type { GgufFields } from '../fields.js';
import type { Token, Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

/** `added_tokens` */
export function addedTokens({ added }: Vocabulary): readonly Json[] {
  return added.map(({ id, text, special }) => ({
    id,
    content: text,
    special,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  }));
}

/** `vocab` of a model that has ids by token. */
export function vocabOf({ tokens }: Vocabulary): Json {
  return Object.fromEntries(tokens.map(({ id, text }) => [text, id]));
}

/** `first A last`, and the same around each of two texts. */
export function around(first: Token | null, last: Token | null): Json {
  const special = (token: Token | null, type_id: number): readonly Json[] =>
    token === null ? [] : [{ SpecialToken: { id: token.text, type_id } }];
  const part = (id: string, type_id: number): readonly Json[] => [
    ...special(first, type_id),
    { Sequence: { id, type_id } },
    ...special(last, type_id),
  ];
  const used = [first, last].filter((token) => token !== null);
  const entries = used.map(({ id, text }) => [text, { id: text, ids: [id], tokens: [text] }]);
  return {
    type: 'TemplateProcessing',
    single: part('A', 0),
    pair: [...part('A', 0), ...part('B', 1)],
    special_tokens: Object.fromEntries(entries) as Json,
  };
}

/** The tokens around a text that a file asks for, or that its kind has where it does not say; null = none. */
export function aroundAsAsked(
  { byRole }: Vocabulary,
  fields: GgufFields,
  byKind: { readonly bos: boolean; readonly eos: boolean },
): Json | null {
  const token = (name: 'bos' | 'eos'): Token | null => {
    const isAsked = fields.booleanOrNull(`tokenizer.ggml.add_${name}_token`) ?? byKind[name];
    return isAsked ? (byRole[name] ?? null) : null;
  };
  const [bos, eos] = [token('bos'), token('eos')];
  return bos === null && eos === null ? null : around(bos, eos);
}

/** Tokens are spelled without spaces: the one between them parts them. */
export function pairOf(merge: string): readonly string[] {
  const at = merge.indexOf(' ', 1);
  return [merge.slice(0, at), merge.slice(at + 1)];
}
