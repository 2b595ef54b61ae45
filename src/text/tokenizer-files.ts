import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import type { NamedFiles } from '../core/named-files.js';
import { isObject, listOf, type TokenizerFiles } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import { convertSlow } from './slow-tokenizers.js';
import { tokenizerClass, type SlowKind } from './tokenizer-classes.js';

/** Vocabularies of tokenizers that transformers would convert, and that are not converted here. */
const OTHER_FILES = ['tokenizer.model', 'spiece.model', 'vocab.json', 'vocab.txt', 'tekken.json'];

/** UTF-16 units of an added token. */
const MAX_ADDED_CHARS = 64 * 1024;

/** What a model says of its tokenizer. @throws StartupError with one sentence */
export async function readTokenizerFiles(from: NamedFiles): Promise<TokenizerFiles> {
  const read = (name: string): Promise<Json | null> => readJson(from, name);
  const modelConfig = await read('config.json');
  const modelType = modelConfig?.['model_type'];
  const beside = {
    config: (await read('tokenizer_config.json')) ?? {},
    specialTokensMap: await read('special_tokens_map.json'),
    addedTokens: await read('added_tokens.json'),
    modelType: typeof modelType === 'string' ? modelType : null,
  };
  const tokenizer = await read('tokenizer.json');
  const files: TokenizerFiles =
    tokenizer === null
      ? { ...beside, ...(await readConverted(from, beside)) }
      : { ...beside, tokenizer, slow: null };
  requireShortTokens(files, from.path);
  return files;
}

/** The tokenizer that transformers would make of a vocabulary. @throws StartupError where there is none */
async function readConverted(
  from: NamedFiles,
  { config, modelType }: Pick<TokenizerFiles, 'config' | 'modelType'>,
): Promise<Pick<TokenizerFiles, 'tokenizer' | 'slow'>> {
  const { slow } = tokenizerClass(config['tokenizer_class'], modelType);
  const tokenizer = slow === null ? null : await readSlow(from, slow, config);
  if (tokenizer === null) throw new StartupError(await whyNone(from));
  return { tokenizer, slow };
}

/** The library looks for added tokens in a tree of all their characters: long ones cost minutes and gigabytes. */
function requireShortTokens(
  { tokenizer, config, addedTokens }: TokenizerFiles,
  folder: string,
): void {
  const decoder = config['added_tokens_decoder'];
  const declared = isObject(decoder) ? Object.values(decoder) : [];
  const lengths = [...listOf(tokenizer['added_tokens']), ...declared]
    .map((token) =>
      isObject(token) && typeof token['content'] === 'string' ? token['content'] : '',
    )
    .concat(Object.keys(addedTokens ?? {}))
    .map(({ length }) => length);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  if (longest <= MAX_ADDED_CHARS) return;
  throw new StartupError(
    `The tokenizer in ${folder} cannot be used: an added token has ${longest} characters, at most ${MAX_ADDED_CHARS} are possible.`,
  );
}

async function readSlow(from: NamedFiles, slow: SlowKind, config: Json): Promise<Json | null> {
  const files = {
    vocabTxt: await from.read('vocab.txt'),
    vocabJson: await readJson(from, 'vocab.json'),
    merges: await from.read('merges.txt'),
  };
  return convertSlow(slow, files, config);
}

async function whyNone(from: NamedFiles): Promise<string> {
  const path = join(from.path, 'tokenizer.json');
  const names = await from.list('');
  const other = OTHER_FILES.find((name) => names.includes(name));
  return other === undefined
    ? `${path} is missing: a model folder needs a tokenizer.json.`
    : `${path} is missing and ${other} alone cannot be used: load the folder with transformers' ` +
        'AutoTokenizer and save_pretrained() it, which writes a tokenizer.json.';
}

/** Null where there is no such file. */
async function readJson(from: NamedFiles, name: string): Promise<Json | null> {
  const text = await from.read(name);
  if (text === null) return null;
  const path = join(from.path, name);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not valid JSON.`);
  }
  if (!isObject(json)) throw new StartupError(`${path} is not a JSON object.`);
  return json;
}
