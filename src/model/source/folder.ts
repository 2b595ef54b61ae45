import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';
import type { JsonObject, ModelSource, SourceFormat } from './model-source.js';
import { openCheckpoint } from './safetensors.js';

/** Hugging Face's form: a folder of JSON files beside safetensors. */
export const folderFormat: SourceFormat = {
  accepts: () => true,
  open: (path): ModelSource => ({
    path,
    tokenizerFolder: path,
    config: () => readConfig(path),
    generationConfig: () => readGenerationConfig(path),
    json: (name) => readOptional(join(path, name)),
    weights: () => openCheckpoint(path),
    partWeights: (part) => openCheckpoint(join(path, part)),
  }),
};

async function readConfig(folder: string): Promise<JsonObject> {
  const path = join(folder, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = codeOf(cause) ?? 'unknown error';
    throw new ModelLoadError('folder_not_found', `Cannot read ${path} (${code}).`, { cause });
  }
  return parseObject(text, path);
}

/** One that cannot be read counts as absent. */
async function readGenerationConfig(folder: string): Promise<JsonObject> {
  const path = join(folder, 'generation_config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return {};
  }
  return parseObject(text, path);
}

/** Null where there is no such file. */
async function readOptional(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  return parseJson(text, path);
}

function parseObject(text: string, path: string): JsonObject {
  const json = parseJson(text, path);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw new ModelLoadError('bad_config', `${path} is not a JSON object.`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelLoadError('bad_config', `${path} is not valid JSON.`, { cause });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
