import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import { isObject, listOf, type TokenizerFiles } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import { convertSlow } from './slow-tokenizers.js';
import { tokenizerClass, type SlowKind } from './tokenizer-classes.js';

/** Vocabularies of tokenizers that transformers would convert, and that are not converted here. */
const OTHER_FILES = ['tokenizer.model', 'spiece.model', 'vocab.json', 'vocab.txt', 'tekken.json'];

/** UTF-16 units of an added token. */
const MAX_ADDED_CHARS = 64 * 1024;

/** What a model folder says of its tokenizer. @throws StartupError with one sentence */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const read = (name: string): Promise<Json | null> => readJson(join(folder, name));
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
      ? { ...beside, ...(await readConverted(folder, beside)) }
      : { ...beside, tokenizer, slow: null };
  requireShortTokens(files, folder);
  return files;
}

/** The tokenizer that transformers would make of a vocabulary. @throws StartupError where there is none */
async function readConverted(
  folder: string,
  { config, modelType }: Pick<TokenizerFiles, 'config' | 'modelType'>,
): Promise<Pick<TokenizerFiles, 'tokenizer' | 'slow'>> {
  const { slow } = tokenizerClass(config['tokenizer_class'], modelType);
  const tokenizer = slow === null ? null : await readSlow(folder, slow, config);
  if (tokenizer === null) throw new StartupError(await whyNone(folder));
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

async function readSlow(folder: string, slow: SlowKind, config: Json): Promise<Json | null> {
  const files = {
    vocabTxt: await readText(join(folder, 'vocab.txt')),
    vocabJson: await readJson(join(folder, 'vocab.json')),
    merges: await readText(join(folder, 'merges.txt')),
  };
  return convertSlow(slow, files, config);
}

async function whyNone(folder: string): Promise<string> {
  const path = join(folder, 'tokenizer.json');
  const names = await readdir(folder).catch((): string[] => []);
  const other = OTHER_FILES.find((name) => names.includes(name));
  return other === undefined
    ? `${path} is missing: a model folder needs a tokenizer.json.`
    : `${path} is missing and ${other} alone cannot be used: load the folder with transformers' ` +
        'AutoTokenizer and save_pretrained() it, which writes a tokenizer.json.';
}

/** Null where there is no such file. */
async function readText(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}

async function readJson(path: string): Promise<Json | null> {
  const text = await readText(path);
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not valid JSON.`);
  }
  if (!isObject(json)) throw new StartupError(`${path} is not a JSON object.`);
  return json;
}
