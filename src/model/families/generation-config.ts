import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ModelLoadError } from '../load-error.js';

/** What a model's own files say about generating with it; null where they are silent. */
export interface GenerationDefaults {
  /** Tokens that end an answer: generation_config.json's, else config.json's. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads `generation_config.json` of a model folder, if there is one, over config.json's token ids. */
export async function readGenerationDefaults(
  folder: string,
  config: Json,
): Promise<GenerationDefaults> {
  const path = join(folder, 'generation_config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return generationDefaults({}, config);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ModelLoadError('bad_config', `${path} is not valid JSON.`, { cause });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ModelLoadError('bad_config', `${path} is not a JSON object.`);
  }
  return generationDefaults(json as Json, config);
}

/** Values of the wrong type are treated as absent, as Hugging Face's own loader warns and goes on. */
export function generationDefaults(generation: Json, config: Json): GenerationDefaults {
  const id = (name: string): number | null =>
    tokenIds(generation[name])[0] ?? tokenIds(config[name])[0] ?? null;
  const eos = tokenIds(generation['eos_token_id']);
  return {
    eosTokenIds: eos.length > 0 ? eos : tokenIds(config['eos_token_id']),
    bosTokenId: id('bos_token_id'),
    padTokenId: id('pad_token_id'),
    temperature: number(generation['temperature']),
    topP: number(generation['top_p']),
    topK: number(generation['top_k']),
    minP: number(generation['min_p']),
    repetitionPenalty: number(generation['repetition_penalty']),
  };
}

function tokenIds(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => Number.isSafeInteger(id) && Number(id) >= 0);
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
