import type { JsonObject } from '../source/model-source.js';

/** What a model's own files say about generating with it; null where they are silent. */
export interface GenerationDefaults {
  /** Tokens that end an answer: those of generation_config.json and config.json together, as in SGLang. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly topK: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
}

/**
 * What generation_config.json says, over config.json's token ids. Values of the wrong type are treated as
 * absent, as Hugging Face's own loader warns and goes on.
 */
export function generationDefaults(generation: JsonObject, whole: JsonObject): GenerationDefaults {
  // A checkpoint of several models may have its token ids among the settings of the text model.
  const config = { ...object(whole['text_config']), ...whole };
  const id = (name: string): number | null =>
    tokenIds(generation[name])[0] ?? tokenIds(config[name])[0] ?? null;
  const eos = [...tokenIds(generation['eos_token_id']), ...tokenIds(config['eos_token_id'])];
  return {
    eosTokenIds: [...new Set(eos)],
    bosTokenId: id('bos_token_id'),
    padTokenId: id('pad_token_id'),
    temperature: number(generation['temperature']),
    topP: number(generation['top_p']),
    topK: number(generation['top_k']),
    minP: number(generation['min_p']),
    repetitionPenalty: number(generation['repetition_penalty']),
  };
}

function object(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : {};
}

function tokenIds(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((id): id is number => Number.isSafeInteger(id) && Number(id) >= 0);
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
