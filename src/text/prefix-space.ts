/** What `add_prefix_space` of tokenizer_config.json does to a tokenizer.json, class by class. */
import { isObject, listOf } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import type { TokenizerClass } from './tokenizer-classes.js';

const UNDERLINE = '▁';

/** The parts of tokenizer.json that change. The class's own flag wins over the file's. */
export function prefixSpace(tokenizer: Json, config: Json, of: TokenizerClass): Json {
  const given = config['add_prefix_space'] ?? null;
  if (of.convertedAs !== null) {
    if (typeof given !== 'boolean') return {};
    const convert = of.convertedAs === 'llama' ? llamaParts : t5Parts;
    return convert(tokenizer, given, config['legacy'] !== false);
  }
  const isWanted = given === true;
  const { pre_tokenizer: preTokenizer, decoder } = tokenizer;
  if (of.rewrites.includes('nested-prefix-space') && isWanted) {
    return { pre_tokenizer: withPrefixSpace(preTokenizer), decoder: withPrefixSpace(decoder) };
  }
  const isTold = isObject(preTokenizer) && typeof preTokenizer['add_prefix_space'] === 'boolean';
  if (!isTold || (given !== null && typeof given !== 'boolean')) return {};
  return { pre_tokenizer: { ...preTokenizer, add_prefix_space: isWanted } };
}

function withPrefixSpace(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withPrefixSpace);
  if (!isObject(part)) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      key === 'add_prefix_space' ? true : withPrefixSpace(value),
    ]),
  );
}

/** transformers converts a Llama tokenizer anew from its tokenizer.model when the flag is given. */
function llamaParts(tokenizer: Json, isWanted: boolean, isLegacy: boolean): Json {
  const { model } = tokenizer;
  const isSentencePiece = isObject(model) && model['byte_fallback'] === true;
  if (!isSentencePiece) return {};
  const prepend = isWanted ? [{ type: 'Prepend', prepend: UNDERLINE }] : [];
  const strip = isWanted ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [];
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: UNDERLINE };
  return {
    normalizer: isLegacy ? { type: 'Sequence', normalizers: [...prepend, replace] } : null,
    pre_tokenizer: isLegacy ? null : metaspace(isWanted ? 'first' : 'never', false),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: UNDERLINE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...strip,
      ],
    },
  };
}

/** The same for T5, whose character map stays. */
function t5Parts(tokenizer: Json, isWanted: boolean, isLegacy: boolean): Json {
  const { model, normalizer } = tokenizer;
  if (!isObject(model) || model['type'] !== 'Unigram') return {};
  const given = isObject(normalizer) ? [normalizer, ...listOf(normalizer['normalizers'])] : [];
  const charsmap = given.filter((one) => isObject(one) && one['type'] === 'Precompiled');
  const part = metaspace(isWanted ? (isLegacy ? 'always' : 'first') : 'never', true);
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        ...charsmap,
        { type: 'Strip', strip_left: false, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: UNDERLINE },
      ],
    },
    pre_tokenizer: part,
    decoder: part,
  };
}

function metaspace(scheme: string, split: boolean): Json {
  return { type: 'Metaspace', replacement: UNDERLINE, prepend_scheme: scheme, split };
}
