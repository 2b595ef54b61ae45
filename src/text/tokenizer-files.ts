import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { StartupError } from '../core/errors.js';
import { isObject, type TokenizerFiles } from './added-tokens.js';
import type { Json } from './hf-tokenizers.js';

/** Vocabularies of tokenizers that have no tokenizer.json, which transformers would convert. */
const SLOW_FILES = ['tokenizer.model', 'spiece.model', 'vocab.json', 'vocab.txt', 'tekken.json'];

/** What a model folder says of its tokenizer. @throws StartupError with one sentence */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const read = (name: string): Promise<Json | null> => readJson(join(folder, name));
  const tokenizer = await read('tokenizer.json');
  if (tokenizer === null) throw new StartupError(await whyNone(folder));
  const modelConfig = await read('config.json');
  const modelType = modelConfig?.['model_type'];
  return {
    tokenizer,
    config: (await read('tokenizer_config.json')) ?? {},
    specialTokensMap: await read('special_tokens_map.json'),
    addedTokens: await read('added_tokens.json'),
    modelType: typeof modelType === 'string' ? modelType : null,
  };
}

async function whyNone(folder: string): Promise<string> {
  const path = join(folder, 'tokenizer.json');
  const names = await readdir(folder).catch((): string[] => []);
  const slow = SLOW_FILES.find((name) => names.includes(name));
  return slow === undefined
    ? `${path} is missing: a model folder needs a tokenizer.json.`
    : `${path} is missing and ${slow} alone cannot be used: load the folder with transformers' ` +
        'AutoTokenizer and save_pretrained() it, which writes a tokenizer.json.';
}

/** Null where there is no such file. */
async function readJson(path: string): Promise<Json | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return null;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new StartupError(`${path} is not valid JSON.`);
  }
  if (!isObject(json)) throw new StartupError(`${path} is not a JSON object.`);
  return json;
}
