import type { GgufFields } from '../fields.js';
import { bertTokenizer } from './bert.js';
import { gpt2Tokenizer } from './gpt2.js';
import { llamaTokenizer } from './llama.js';
import { t5Tokenizer } from './t5.js';
import { readVocabulary, type Vocabulary } from './vocabulary.js';

type Json = Readonly<Record<string, unknown>>;

/** By `tokenizer.ggml.model`. */
const KINDS: Readonly<Record<string, (vocabulary: Vocabulary, fields: GgufFields) => Json>> = {
  bert: bertTokenizer,
  gemma4: llamaTokenizer,
  gpt2: gpt2Tokenizer,
  llama: llamaTokenizer,
  t5: t5Tokenizer,
};

/** tokenizer.json and tokenizer_config.json, as the model's folder would have them; none where the file has no tokenizer. */
export function tokenizerTexts(fields: GgufFields): ReadonlyMap<string, string> {
  const kind = fields.textOrNull('tokenizer.ggml.model');
  if (kind === null || kind === 'none') return new Map();
  const convert = Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
  if (convert === undefined) {
    const supported = Object.keys(KINDS).join(', ');
    fields.fail(`the tokenizer '${kind.slice(0, 200)}' is not supported. Supported: ${supported}`);
  }
  const vocabulary = readVocabulary(fields);
  return new Map([
    ['tokenizer.json', JSON.stringify(convert(vocabulary, fields))],
    ['tokenizer_config.json', JSON.stringify(tokenizerConfig(vocabulary, fields))],
  ]);
}

/** The class is one that changes nothing of tokenizer.json. */
function tokenizerConfig({ byRole }: Vocabulary, fields: GgufFields): Json {
  const roles = Object.entries(byRole).map(([role, token]) => [`${role}_token`, token.text]);
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...(Object.fromEntries(roles) as Json),
    chat_template: chatTemplates(fields),
  };
}

/** One template, or several by their names. */
function chatTemplates(fields: GgufFields): unknown {
  const key = 'tokenizer.chat_template';
  const template = fields.textOrNull(key);
  const names = fields.textsOrNull('tokenizer.chat_templates') ?? [];
  if (names.length === 0) return template ?? undefined;
  const named = names.map((name) => ({ name, template: fields.textOrNull(`${key}.${name}`) }));
  return template === null ? named : [{ name: 'default', template }, ...named];
}
