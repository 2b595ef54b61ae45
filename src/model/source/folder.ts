import { join } from 'node:path';

import { folderFiles } from '../../core/named-files.js';
import type { ConfigFields } from '../families/config-fields.js';
import { ModelLoadError } from '../load-error.js';
import type { Checkpoint } from './checkpoint.js';
import type { JsonObject, ModelSource, SourceFormat } from './model-source.js';
import { quantizationFields } from './quantized/quantization-fields.js';
import { asPlain, methodName } from './quantized/registry.js';
import { readRegularText, requireRegularFiles } from './regular-file.js';
import { openCheckpoint } from './safetensors.js';

/** Hugging Face's form: a folder of JSON files beside safetensors. */
export const folderFormat: SourceFormat = {
  accepts: () => true,
  open: (path) => openFolder(path, path),
};

/** The model whose parts lie in `folder`, and whose network and tokenizer lie in `trunk`. */
function openFolder(folder: string, trunk: string): ModelSource {
  return {
    path: folder,
    format: 'safetensors',
    tokenizer: folderFiles(trunk),
    check: async () => {
      await requireRegularFiles(folder);
      if (trunk !== folder) await requireRegularFiles(trunk);
    },
    config: () => readConfig(trunk),
    generationConfig: () => readGenerationConfig(trunk),
    json: (name) => readOptional(join(folder, name)),
    weights: () => readWeights(trunk),
    quantMethod: () => readQuantMethod(trunk),
    converted: () => Promise.resolve(null),
    partWeights: (part) => openCheckpoint(join(folder, part)),
    withTrunk: (part) => openFolder(folder, join(folder, part)),
  };
}

async function readWeights(folder: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(folder);
  return asPlain(checkpoint, await readQuantization(folder, checkpoint));
}

async function readQuantMethod(folder: string): Promise<string | null> {
  const fields = await readQuantization(folder, await openCheckpoint(folder));
  return fields === null ? null : methodName(fields);
}

async function readQuantization(
  folder: string,
  checkpoint: Checkpoint,
): Promise<ConfigFields | null> {
  const read = (name: string): Promise<unknown> => readOptional(join(folder, name));
  return quantizationFields(await readConfig(folder), checkpoint, read);
}

async function readConfig(folder: string): Promise<JsonObject> {
  const path = join(folder, 'config.json');
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (cause) {
    if (cause instanceof ModelLoadError) throw cause;
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
    text = await readRegularText(path);
  } catch (error) {
    if (error instanceof ModelLoadError) throw error;
    return {};
  }
  return parseObject(text, path);
}

/** Null where there is no such file. */
async function readOptional(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readRegularText(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (error instanceof ModelLoadError) throw error;
    throw new ModelLoadError('bad_config', `Cannot read ${path} (${code ?? 'unknown error'}).`, {
      cause: error,
    });
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
  } catch {
    return parsePython(text, path);
  }
}

/** JSON as Python writes it, which has words for what are no numbers of JSON (NVIDIA's Nemotron-H: `[0.0, Infinity]`). */
function parsePython(text: string, path: string): unknown {
  const respelled = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (found) => {
    if (found.startsWith('"')) return found;
    return found === 'NaN' ? 'null' : found.replace('Infinity', '1e999');
  });
  try {
    return JSON.parse(respelled);
  } catch (cause) {
    throw new ModelLoadError('bad_config', `${path} is not valid JSON.`, { cause });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
