/** How a text is cut before BPE, by `tokenizer.ggml.pre`: what the tokenizer.json of each family says. */
import type { GgufFields } from '../fields.js';

type Json = Readonly<Record<string, unknown>>;

export interface PreTokenizer {
  readonly preTokenizers: readonly Json[];
  readonly normalizer: Json | null;
  /** A piece that is a token stays whole, whatever the merges make of it. */
  readonly ignoresMerges: boolean;
  /** Where the file does not say. */
  readonly addsBos: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const WORDS = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const REST = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const CASED = [
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+`,
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*`,
] as const;
const CASED_REST = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

/** Cut by regexes, one after another; bytes become characters behind them. */
function cutBy(regexes: readonly string[], more: Partial<PreTokenizer> = {}): PreTokenizer {
  const preTokenizers = [...regexes.map(split), byteLevel(false)];
  return { preTokenizers, normalizer: null, ignoresMerges: false, addsBos: false, ...more };
}

function split(regex: string): Json {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** Cut by GPT-2's own regex, which is built into the library, behind what is cut before. */
function cutAsGpt2(before: readonly Json[]): PreTokenizer {
  return { ...cutBy([]), preTokenizers: [...before, byteLevel(true)] };
}

function byteLevel(usesRegex: boolean): Json {
  return { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: usesRegex };
}

const DIGITS = { type: 'Digits', individual_digits: true };
const NFC = { type: 'NFC' };

/** Of the family of `cl100k`: words with one sign before them, digits by three. */
const CL100K = `${CONTRACTIONS}|${WORDS}|\\p{N}{1,3}|${REST}`;

const BY_NAME: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': cutAsGpt2([]),
  smollm: cutAsGpt2([DIGITS]),
  'command-r': { ...cutAsGpt2([DIGITS]), normalizer: NFC },
  mpt: { ...cutAsGpt2([]), normalizer: NFC },
  falcon: {
    ...cutBy([]),
    preTokenizers: [
      { type: 'Punctuation', behavior: 'Contiguous' },
      byteLevel(true),
      { type: 'Digits', individual_digits: false },
      split('[0-9][0-9][0-9]'),
    ],
  },
  'llama-bpe': cutBy([CL100K], { ignoresMerges: true, addsBos: true }),
  'smaug-bpe': cutBy([CL100K], { ignoresMerges: true }),
  dbrx: cutBy([CL100K]),
  qwen2: cutBy([`${CONTRACTIONS}|${WORDS}|\\p{N}|${REST}`], { normalizer: NFC }),
  hunyuan: cutBy([`${CONTRACTIONS}|${WORDS}|\\p{N}|${REST}`]),
  qwen35: cutBy(
    [
      `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*` +
        '|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
    ],
    { normalizer: NFC },
  ),
  'seed-coder': cutBy([
    `${CONTRACTIONS}|${WORDS}|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ]),
  'gpt-4o': cutBy([
    `${CASED.map((part) => `${part}${CONTRACTIONS}?`).join('|')}|\\p{N}{1,3}|${CASED_REST}`,
  ]),
  tekken: cutBy([`${CASED.join('|')}|\\p{N}|${CASED_REST}`], {
    ignoresMerges: true,
    addsBos: true,
  }),
  'deepseek-v3': cutBy([
    '\\p{N}{1,3}',
    '[一-龥\u3040-ゟ゠-ヿ]+',
    '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|' +
      ' ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+',
  ]),
};

/** Other names of the same. */
const ALIASES: Readonly<Record<string, string>> = {
  default: 'gpt-2',
  'phi-2': 'gpt-2',
  exaone4: 'gpt-2',
  llama3: 'llama-bpe',
  'llama-v3': 'llama-bpe',
  falcon3: 'llama-bpe',
  'falcon-h1': 'llama-bpe',
  lfm2: 'llama-bpe',
  'chatglm-bpe': 'dbrx',
  glm4: 'dbrx',
  'deepseek-r1-qwen': 'qwen2',
  stablelm2: 'qwen2',
  llama4: 'gpt-4o',
  olmo: 'mpt',
  'modern-bert': 'mpt',
  starcoder: 'smollm',
  refact: 'smollm',
  exaone: 'smollm',
  'hunyuan-dense': 'deepseek-v3',
};

/** @throws ModelLoadError for a name that is not known: its texts would become other tokens */
export function preTokenizerOf(fields: GgufFields): PreTokenizer {
  const name = fields.textOrNull('tokenizer.ggml.pre') ?? 'default';
  const key = Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name;
  const found = Object.hasOwn(BY_NAME, key) ? BY_NAME[key] : undefined;
  if (found !== undefined) return found;
  const supported = [...Object.keys(BY_NAME), ...Object.keys(ALIASES)].join(', ');
  return fields.fail(
    `"tokenizer.ggml.pre" '${name.slice(0, 200)}' is not supported. Supported: ${supported}`,
  );
}
