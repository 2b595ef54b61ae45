import type { SpecialTokens } from './chat-template.js';
import type { Value } from './jinja/values.js';

type Json = Readonly<Record<string, unknown>>;

const NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`);

/**
 * The special tokens that a template can name, as transformers collects them: those of
 * tokenizer_config.json, over them special_tokens_map.json where the configuration lists no
 * `added_tokens_decoder`, and what `extra_special_tokens` names. Only those that are set.
 */
export function templateTokens(config: Json, specialTokensMap: Json): SpecialTokens {
  const isLegacy = !isObject(config['added_tokens_decoder']);
  const all: Json = isLegacy ? { ...config, ...specialTokensMap } : config;
  const extra = isObject(all['extra_special_tokens']) ? all['extra_special_tokens'] : {};
  const tokens = new Map<string, Value>();
  for (const [name, value] of [
    ...NAMES.map((one) => [one, all[one]] as const),
    ...Object.entries(extra),
  ]) {
    const text = contentOf(value);
    if (text !== null && text !== '') tokens.set(name, text);
  }
  const additional = additionalTokens(config, specialTokensMap, isLegacy);
  if (additional.length > 0) tokens.set('additional_special_tokens', additional);
  return tokens;
}

/** Of both files where both count, each once. */
function additionalTokens(config: Json, map: Json, isLegacy: boolean): readonly string[] {
  const lists = [config, ...(isLegacy ? [map] : [])].map(
    (json) => json['additional_special_tokens'],
  );
  const texts = lists.flatMap((list) => (Array.isArray(list) ? list.map(contentOf) : []));
  return [...new Set(texts.filter((text) => text !== null))];
}

/** `"</s>"` or `{"content": "</s>", …}`, as both spellings are in use. */
function contentOf(value: unknown): string | null {
  const content = isObject(value) ? value['content'] : value;
  return typeof content === 'string' ? content : null;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
