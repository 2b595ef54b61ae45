/** The added and special tokens of a tokenizer, collected from all its files as AutoTokenizer does. */
import type { Json } from './hf-tokenizers.js';
import type { SlowKind, TokenizerClass } from './tokenizer-classes.js';

/** One entry of `added_tokens`, without its id. */
export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
}

export interface TokenizerFiles {
  /** tokenizer.json, or what {@link slow} says it was made of. */
  readonly tokenizer: Json;
  /** tokenizer_config.json */
  readonly config: Json;
  /** special_tokens_map.json; null = none. */
  readonly specialTokensMap: Json | null;
  /** added_tokens.json: content → id; null = none. */
  readonly addedTokens: Json | null;
  /** `model_type` of config.json; null = unknown. */
  readonly modelType: string | null;
  /** How the vocabulary was converted that stood in for a tokenizer.json; null = there was one. */
  readonly slow: SlowKind | null;
}

const ROLES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`);

/** A special token as the files name it: with its own rules, or by its content alone. */
type Named = string | AddedToken;

export interface SpecialTokens {
  /** By role, e.g. `eos_token`. */
  readonly byRole: ReadonlyMap<string, string>;
  /** What goes into tokenizer.json's `added_tokens`, in order: new ones, and other rules for old ones. */
  readonly toAdd: readonly AddedToken[];
}

/** Follows `_from_pretrained` and `PreTrainedTokenizerFast.__init__` of transformers 4.57. */
export function collectSpecialTokens(files: TokenizerFiles, of: TokenizerClass): SpecialTokens {
  const declared = declaredTokens(files);
  const named = namedTokens(files, declared, of);
  const contents = new Set(named.list.map(contentOf));
  const known = new Set(listOf(files.tokenizer['added_tokens']).flatMap(contentsOf));
  const toAdd = new Map<string, AddedToken>();
  for (const { content, ...rules } of declared.inOrder) {
    toAdd.set(content, { content, ...rules, special: rules.special || contents.has(content) });
  }
  for (const token of named.list) {
    const content = contentOf(token);
    if (toAdd.has(content) || (typeof token === 'string' && known.has(content))) continue;
    toAdd.set(content, typeof token === 'string' ? plainSpecial(content) : asSpecial(token));
  }
  return { byRole: named.byRole, toAdd: [...toAdd.values()] };
}

interface Declared {
  /** By id. */
  readonly inOrder: readonly AddedToken[];
  readonly byContent: ReadonlyMap<string, AddedToken>;
}

/** `added_tokens_decoder` of the config; without it those of added_tokens.json and tokenizer.json. */
function declaredTokens(files: TokenizerFiles): Declared {
  const byId = new Map<number, AddedToken>();
  const decoder = files.config['added_tokens_decoder'];
  if (isObject(decoder)) {
    for (const [id, token] of Object.entries(decoder)) {
      if (isObject(token)) byId.set(Number(id), addedToken(token));
    }
  } else {
    addLegacy(files, byId);
  }
  const inOrder = [...byId].sort(([a], [b]) => a - b).map(([, token]) => token);
  return { inOrder, byContent: new Map(inOrder.map((token) => [token.content, token])) };
}

function addLegacy(files: TokenizerFiles, byId: Map<number, AddedToken>): void {
  const merged = { ...files.config, ...(files.specialTokensMap ?? {}) };
  const specials = new Set([
    ...ROLES.flatMap((role) => contentsOf(merged[role])),
    ...listOf(merged['additional_special_tokens']).flatMap(contentsOf),
  ]);
  for (const [content, id] of Object.entries(files.addedTokens ?? {})) {
    if (typeof id !== 'number') continue;
    const special = specials.has(content);
    byId.set(id, addedToken({ content, special, normalized: !special }));
  }
  for (const token of listOf(files.tokenizer['added_tokens'])) {
    if (!isObject(token) || typeof token['id'] !== 'number') continue;
    byId.set(token['id'], addedToken(token));
  }
}

interface NamedTokens {
  readonly byRole: ReadonlyMap<string, string>;
  readonly list: readonly Named[];
}

function namedTokens(files: TokenizerFiles, declared: Declared, of: TokenizerClass): NamedTokens {
  const values = roleValues(files);
  const byRole = new Map<string, string>();
  const list: Named[] = [];
  for (const role of ROLES) {
    const value = role in values ? values[role] : of.tokens[role];
    const token = namedOf(value);
    if (token === null) continue;
    byRole.set(role, contentOf(token));
    const takesSpace = role === 'mask_token' && of.maskTakesSpace && typeof token === 'string';
    const declaredToken = role in values ? declared.byContent.get(contentOf(token)) : undefined;
    const spaced = takesSpace ? { ...plainSpecial(token), lstrip: true } : token;
    list.push(declaredToken ?? spaced);
  }
  for (const value of extraValues(values)) {
    const token = namedOf(value);
    if (token !== null) list.push(token);
  }
  return { byRole, list };
}

/** special_tokens_map.json counts only beside a config without `added_tokens_decoder`. */
function roleValues({ config, specialTokensMap }: TokenizerFiles): Json {
  if (specialTokensMap === null || isObject(config['added_tokens_decoder'])) return config;
  const additional = [config, specialTokensMap].flatMap((from) =>
    listOf(from['additional_special_tokens']),
  );
  return { ...config, ...specialTokensMap, additional_special_tokens: additional };
}

/** `extra_special_tokens` is an object by name, or a list. */
function extraValues(values: Json): readonly unknown[] {
  const extra = values['extra_special_tokens'];
  const named = isObject(extra) ? Object.values(extra) : listOf(extra);
  return [...listOf(values['additional_special_tokens']), ...named];
}

function namedOf(value: unknown): Named | null {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value['content'] === 'string' ? addedToken(value) : null;
}

function addedToken(from: Json): AddedToken {
  const special = from['special'] === true;
  const { normalized } = from;
  return {
    content: String(from['content']),
    special,
    single_word: from['single_word'] === true,
    lstrip: from['lstrip'] === true,
    rstrip: from['rstrip'] === true,
    normalized: typeof normalized === 'boolean' ? normalized : !special,
  };
}

function plainSpecial(content: string): AddedToken {
  return addedToken({ content, special: true });
}

function asSpecial(token: AddedToken): AddedToken {
  return { ...token, special: true };
}

function contentOf(token: Named): string {
  return typeof token === 'string' ? token : token.content;
}

function contentsOf(value: unknown): readonly string[] {
  const token = namedOf(value);
  return token === null ? [] : [contentOf(token)];
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
