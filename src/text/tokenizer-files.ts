import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import { isObject, type TokenizerFiles } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';
import { convertSlow } from './slow-tokenizers.js';
import { tokenizerClass, type SlowKind } from './tokenizer-classes.js';

/** Vocabularies of tokenizers that transformers would convert, and that are not converted here. */
const OTHER_FILES = ['tokenizer.model', 'spiece.model', 'vocab.json', 'vocab.txt', 'tekken.json'];

/** What a model folder says of its tokenizer. @throws StartupError with one sentence */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const read = (name: string): Promise<Json | null> => readJson(join(folder, name));
  const modelConfig = await read('config.json');
  const modelType = modelConfig?.['model_type'];
  const files = {
    config: (await read('tokenizer_config.json')) ?? {},
    specialTokensMap: await read('special_tokens_map.json'),
    addedTokens: await read('added_tokens.json'),
    modelType: typeof modelType === 'string' ? modelType : null,
  };
  const tokenizer = await read('tokenizer.json');
  if (tokenizer !== null) return { ...files, tokenizer, slow: null };
  const { slow } = tokenizerClass(files.config['tokenizer_class'], files.modelType);
  const converted = slow === null ? null : await readSlow(folder, slow, files.config);
  if (converted === null) throw new StartupError(await whyNone(folder));
  return { ...files, tokenizer: converted, slow };
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
