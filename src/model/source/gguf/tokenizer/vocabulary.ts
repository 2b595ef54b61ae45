import type { GgufFields } from '../fields.js';
import { CONTROL, idOf, UNKNOWN } from './special-ids.js';

const NORMAL = 1;
const USER_DEFINED = 4;
const UNUSED = 5;
const BYTE = 6;
const ROLES = {
  bos: 'bos',
  eos: 'eos',
  unk: 'unknown',
  sep: 'seperator',
  pad: 'padding',
  cls: 'cls',
  mask: 'mask',
};

export interface Token {
  readonly id: number;
  readonly text: string;
  /** `tokenizer.ggml.token_type` */
  readonly type: number;
}

/** A file's tokens, as they are read out of its lists. */
export interface Vocabulary {
  /** All that a text can become, by id. */
  readonly tokens: readonly Token[];
  /** Special ones, and those that were added to the model's own. */
  readonly added: readonly (Token & { readonly special: boolean })[];
  /** By id; empty where the file has none. */
  readonly scores: readonly number[];
  readonly byRole: Readonly<Partial<Record<keyof typeof ROLES, Token>>>;
}

/** @throws ModelLoadError */
export function readVocabulary(fields: GgufFields): Vocabulary {
  const texts = fields.texts('tokenizer.ggml.tokens');
  const types = fields.numbersOrNull('tokenizer.ggml.token_type') ?? [];
  const scores = fields.numbersOrNull('tokenizer.ggml.scores') ?? [];
  for (const [name, list] of Object.entries({ token_type: types, scores })) {
    if (list.length === 0 || list.length === texts.length) continue;
    fields.fail(`"tokenizer.ggml.${name}" has ${list.length} entries for ${texts.length} tokens`);
  }
  const typed = texts.map((text, id) => ({ id, text, type: types[id] ?? NORMAL }));
  const known = new Set([NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE]);
  const odd = typed.find(({ type }) => !known.has(type));
  if (odd !== undefined) fields.fail(`token ${odd.id} has the unknown type ${odd.type}`);
  return {
    tokens: typed.filter(({ type }) => type !== UNUSED),
    added: typed.flatMap(({ id, text, type }) =>
      type === CONTROL || type === UNKNOWN || type === USER_DEFINED
        ? [{ id, text, type, special: type !== USER_DEFINED }]
        : [],
    ),
    scores,
    byRole: rolesOf(texts, fields),
  };
}

function rolesOf(texts: readonly string[], fields: GgufFields): Vocabulary['byRole'] {
  const roles: Partial<Record<keyof typeof ROLES, Token>> = {};
  for (const [role, name] of Object.entries(ROLES) as [keyof typeof ROLES, string][]) {
    const id = idOf(fields, name);
    if (id !== null) roles[role] = { id, text: texts[id] ?? '', type: CONTROL };
  }
  return roles;
}
