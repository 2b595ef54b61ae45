/** tokenizer.json as the files beside it change it: what transformers' AutoTokenizer makes of a model folder. */
import {
  collectSpecialTokens,
  isObject,
  listOf,
  type AddedToken,
  type TokenizerFiles,
} from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import { prefixSpace } from './prefix-space.js';
import { slowPostProcessor } from './slow-tokenizers.js';
import { tokenizerClass, type SlowKind, type TokenizerClass } from './tokenizer-classes.js';

export interface EffectiveTokenizer {
  /** What text is encoded with. */
  readonly json: Json;
  /** Added tokens by id. */
  readonly added: ReadonlyMap<number, AddedToken>;
  /** Special tokens by role, e.g. `eos_token`. */
  readonly byRole: ReadonlyMap<string, string>;
}

/** @throws Error with one sentence, e.g. for a BOS that is asked for and not named */
export function effectiveTokenizer(files: TokenizerFiles): EffectiveTokenizer {
  const { tokenizer, config } = files;
  const of = tokenizerClass(config['tokenizer_class'], files.modelType);
  const { byRole, toAdd } = collectSpecialTokens(files, of);
  const added = addTokens(tokenizer, toAdd);
  const parts = { ...tokenizer, ...prefixSpace(tokenizer, config, of) };
  const json = {
    ...parts,
    ...bertNormalizer(parts, config, of),
    ...(files.slow === null ? {} : aroundText(files.slow, config, { byRole, added })),
    ...bosAndEos({ config, of, byRole, added }),
    added_tokens: encodedTokens(tokenizer, added, config['split_special_tokens'] === true),
    // Nothing is cut or filled before a request says so.
    truncation: null,
    padding: null,
  };
  return { json, added, byRole };
}

/** Known contents get new rules; new ones the id that the vocabulary has for them, else the next one. */
function addTokens(tokenizer: Json, toAdd: readonly AddedToken[]): Map<number, AddedToken> {
  const idOf = vocabularyLookup(tokenizer);
  const added = new Map<number, AddedToken>();
  const idByContent = new Map<string, number>();
  for (const token of listOf(tokenizer['added_tokens'])) {
    if (!isObject(token) || typeof token['id'] !== 'number') continue;
    added.set(token['id'], token as unknown as AddedToken);
    idByContent.set(String(token['content']), token['id']);
  }
  let next = [...added.keys()].reduce((sum, id) => Math.max(sum, id + 1), idOf.size);
  for (const token of toAdd) {
    if (token.content === '') continue;
    const id = idByContent.get(token.content) ?? idOf.find(token.content) ?? next;
    if (id === next) next += 1;
    // Once special, always special: the library only ever adds to its set.
    const special = token.special || added.get(id)?.special === true;
    added.set(id, { ...token, special });
    idByContent.set(token.content, id);
  }
  return new Map([...added].sort(([a], [b]) => a - b));
}

interface Lookup {
  readonly size: number;
  readonly find: (token: string) => number | null;
}

function vocabularyLookup({ model }: Json): Lookup {
  const vocab = isObject(model) ? model['vocab'] : null;
  if (isObject(vocab)) {
    const find = (token: string): number | null =>
      Object.hasOwn(vocab, token) ? Number(vocab[token]) : null;
    return { size: Object.keys(vocab).length, find };
  }
  const list = listOf(vocab);
  const find = (token: string): number | null => {
    const id = list.findIndex((entry) => Array.isArray(entry) && entry[0] === token);
    return id < 0 ? null : id;
  };
  return { size: list.length, find };
}

/**
 * With `split_special_tokens` special tokens in a text are text: those of the vocabulary stop being added
 * ones, and the others keep their ids under a name that no text has.
 */
function encodedTokens(
  tokenizer: Json,
  added: ReadonlyMap<number, AddedToken>,
  splitsSpecials: boolean,
): readonly unknown[] {
  const { find } = vocabularyLookup(tokenizer);
  return [...added].flatMap(([id, token]): unknown[] => {
    if (!splitsSpecials || !token.special) return [{ ...token, id }];
    if (find(token.content) !== null) return [];
    return [{ ...token, id, content: `\u{10FFFE}special ${id}\u{10FFFE}` }];
  });
}

function bertNormalizer({ normalizer }: Json, config: Json, of: TokenizerClass): Json {
  if (!of.rewrites.includes('bert') || !isObject(normalizer)) return {};
  if (normalizer['type'] !== 'BertNormalizer') return {};
  return {
    normalizer: {
      ...normalizer,
      lowercase: config['do_lower_case'] ?? true,
      strip_accents: config['strip_accents'] ?? null,
      handle_chinese_chars: config['tokenize_chinese_chars'] ?? true,
    },
  };
}

/** @throws Error for a special token that is used and not named */
function aroundText(
  kind: SlowKind,
  config: Json,
  { byRole, added }: Pick<EffectiveTokenizer, 'byRole' | 'added'>,
): Json {
  const idOf = new Map([...added].map(([id, { content }]) => [content, id]));
  return slowPostProcessor(kind, config, (role) => {
    const token = byRole.get(role);
    if (token === undefined) throw new Error(`tokenizer_config.json names no ${role}.`);
    return { token, id: idOf.get(token) ?? 0 };
  });
}

interface BosAndEos {
  readonly config: Json;
  readonly of: TokenizerClass;
  readonly byRole: ReadonlyMap<string, string>;
  readonly added: ReadonlyMap<number, AddedToken>;
}

/** `<s> A </s>`, `<s> A </s> <s> B </s>`: each part as the config asks for it. */
function bosAndEos({ config, of, byRole, added }: BosAndEos): Json {
  if (!of.rewrites.includes('bos-eos')) return {};
  const idOf = new Map([...added].map(([id, { content }]) => [content, id]));
  const used = new Map<string, unknown>();
  const special = (role: string, isAsked: unknown): string[] => {
    if (isAsked !== true) return [];
    const content = byRole.get(`${role}_token`);
    if (content === undefined) {
      throw new Error(`tokenizer_config.json says add_${role}_token and names no ${role}_token.`);
    }
    used.set(content, { id: content, ids: [idOf.get(content) ?? 0], tokens: [content] });
    return [content];
  };
  const bos = special('bos', config['add_bos_token'] ?? of.addBos);
  const eos = special('eos', config['add_eos_token'] ?? false);
  const part = (id: string, type_id: number): unknown[] => [
    ...bos.map((token) => ({ SpecialToken: { id: token, type_id } })),
    { Sequence: { id, type_id } },
    ...eos.map((token) => ({ SpecialToken: { id: token, type_id } })),
  ];
  const single = part('A', 0);
  return {
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, ...part('B', 1)],
      special_tokens: Object.fromEntries(used),
    },
  };
}
