/** The metadata that llama.cpp's converter would make of a tokenizer.json. */
import { bool, f32s, i32s, text, texts, u32, type Meta } from './gguf-file.js';

type Entries = readonly (readonly [string, Meta])[];

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

export interface TokenizerJson {
  readonly model: {
    readonly type: string;
    readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly unk_id?: number;
  };
  readonly added_tokens: readonly AddedToken[];
}

export interface Conversion {
  /** `tokenizer.ggml.model` and `.pre` */
  readonly kind: 'gpt2' | 'llama' | 'gemma4' | 'bert' | 't5';
  readonly pre?: string;
  /** Contents of special tokens by role, e.g. `{ bos: '<s>' }`. */
  readonly roles: Readonly<Record<string, string>>;
  readonly addBos?: boolean;
  readonly addSpacePrefix?: boolean;
  readonly more?: Entries;
}

const [NORMAL, CONTROL, USER_DEFINED, UNUSED, BYTE] = [1, 3, 4, 5, 6];

export function ggufTokenizer(json: TokenizerJson, conversion: Conversion): Entries {
  const { kind, pre, roles, addBos, addSpacePrefix, more = [] } = conversion;
  const { vocab, merges } = json.model;
  const pairs = Array.isArray(vocab)
    ? (vocab as [string, number][]).map(([token], id) => [token, id] as const)
    : Object.entries(vocab as Record<string, number>);
  const added = new Map(json.added_tokens.map((token) => [token.id, token]));
  const byId = new Map(pairs.map(([token, id]) => [id, token]));
  for (const { id, content } of added.values()) byId.set(id, content);
  const length = [...byId.keys()].reduce((most, id) => Math.max(most, id + 1), 0);
  const ids = Array.from({ length }, (_, id) => id);
  const typeOf = (id: number): number => {
    const token = added.get(id);
    if (token !== undefined) return token.special ? CONTROL : USER_DEFINED;
    const content = byId.get(id);
    if (content === undefined) return UNUSED;
    const hasBytes = kind === 'llama' || kind === 'gemma4';
    return hasBytes && /^<0x[0-9A-F]{2}>$/.test(content) ? BYTE : NORMAL;
  };
  const spelled = (id: number): string => {
    const content = byId.get(id) ?? `[PAD${id}]`;
    if (kind !== 'bert' || typeOf(id) === CONTROL) return content;
    return content.startsWith('##') ? content.slice(2) : `▁${content}`;
  };
  const idOf = (content: string): number => ids.find((id) => byId.get(id) === content) ?? -1;
  const scores = Array.isArray(vocab)
    ? (vocab as [string, number][]).map(([, score]) => score)
    : [];
  // A piece of a model trained as BPE has the place of its first merge for a score.
  const ranks = new Map<string, number>();
  for (const [place, merge] of (merges ?? []).entries()) {
    const piece = typeof merge === 'string' ? merge.replace(' ', '') : merge.join('');
    if (!ranks.has(piece)) ranks.set(piece, -place);
  }
  const rank = (piece: string): number => ranks.get(piece) ?? -1e6;
  return [
    ['tokenizer.ggml.model', text(kind)],
    ...(pre === undefined ? [] : ([['tokenizer.ggml.pre', text(pre)]] as const)),
    ['tokenizer.ggml.tokens', texts(ids.map(spelled))],
    ['tokenizer.ggml.token_type', i32s(ids.map(typeOf))],
    ...(kind === 'gpt2' || kind === 'gemma4'
      ? ([['tokenizer.ggml.merges', texts((merges ?? []).map(mergeText))]] as const)
      : []),
    ...(kind === 'llama'
      ? ([['tokenizer.ggml.scores', f32s(ids.map((id) => rank(byId.get(id) ?? '')))]] as const)
      : []),
    ...(kind === 't5' ? ([['tokenizer.ggml.scores', f32s(scores)]] as const) : []),
    ...Object.entries(roles).map(
      ([role, content]) => [`tokenizer.ggml.${role}_token_id`, u32(idOf(content))] as const,
    ),
    ...flag('add_bos_token', addBos),
    ...flag('add_space_prefix', addSpacePrefix),
    ...more,
  ];
}

function flag(name: string, value: boolean | undefined): Entries {
  return value === undefined ? [] : [[`tokenizer.ggml.${name}`, bool(value)]];
}

function mergeText(merge: string | readonly [string, string]): string {
  return typeof merge === 'string' ? merge : merge.join(' ');
}
