import { RequestError } from '../../core/errors.js';
import type { FieldReader } from '../../http/field-reader.js';

const EXCLUSIVE = ['regex', 'json_schema', 'ebnf'] as const;

/** Unconstrained output must never pass for structured output, so these are refused. */
export function checkGrammarFields(read: FieldReader): void {
  const set = EXCLUSIVE.filter((name) => read.string(name) !== null);
  if (set.length > 1) {
    throw new RequestError(
      'INVALID_REQUEST',
      'Only one of regex, json_schema, or ebnf can be set.',
    );
  }
  const used = set[0] ?? (read.string('structural_tag') === null ? null : 'structural_tag');
  if (used !== null) {
    throw new RequestError(
      'INVALID_REQUEST',
      `Structured output (${used}) is not supported by this version of the server.`,
    );
  }
}
