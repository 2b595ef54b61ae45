import { refuse } from '../../core/errors.js';
import type { Grammar, GrammarSpec } from '../../core/grammar.js';
import type { FieldReader } from '../../http/field-reader.js';
import { parseStructuralTag } from './structural-tag.js';

const EXCLUSIVE = ['json_schema', 'regex', 'ebnf'] as const;

/** By field; the first one that is set counts, as in SGLang. */
const SPECS: Readonly<Record<string, (text: string) => GrammarSpec>> = {
  json_schema: (schema) => ({ kind: 'json', schema }),
  regex: (pattern) => ({ kind: 'regex', pattern }),
  ebnf: (text) => ({ kind: 'ebnf', text }),
  structural_tag: parseStructuralTag,
};

/** What the answer must match; null = anything. @throws RequestError */
export function parseGrammar(read: FieldReader, hasTokenizer: boolean): Grammar | null {
  const set = EXCLUSIVE.filter((name) => read.string(name) !== null);
  if (set.length > 1) refuse('Only one of regex, json_schema, or ebnf can be set.');
  for (const [name, specOf] of Object.entries(SPECS)) {
    const text = read.string(name);
    if (text === null) continue;
    if (!hasTokenizer) {
      refuse(
        `${name} is unavailable when skip_tokenizer_init=True (requires tokenizer to know the text of each token).`,
      );
    }
    return { spec: specOf(text), after: null };
  }
  return null;
}
