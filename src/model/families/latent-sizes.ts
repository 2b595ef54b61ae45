import type { ConfigFields } from './config-fields.js';
import type { ModelConfig } from './model-config.js';
import { latentHeadDim, type LatentSizes } from './parts/latent-attention.js';
import { readRope } from './rope-config.js';

/** Where config.json does not say them. */
export interface LatentDefaults {
  readonly queryRank: number;
  readonly rank: number;
  readonly turning: number;
  readonly still: number;
  /** Null = a head's share of `hidden_size`. */
  readonly value: number | null;
}

export interface LatentModel {
  readonly config: ModelConfig;
  readonly sizes: LatentSizes;
}

/** Reads the sizes of a decoder with latent attention, each of whose heads has keys and values of its own. */
export function readLatentSizes(
  fields: ConfigFields,
  {
    architecture,
    modelType,
    defaults,
  }: {
    readonly architecture: string;
    readonly modelType: string;
    readonly defaults: LatentDefaults;
  },
): LatentModel {
  const hiddenSize = fields.size('hidden_size');
  const numHeads = fields.size('num_attention_heads');
  const hasQueryRank = fields.positiveOrNull('q_lora_rank', defaults.queryRank) !== null;
  const sizes: LatentSizes = {
    queryRank: hasQueryRank ? fields.size('q_lora_rank', defaults.queryRank) : null,
    rank: fields.size('kv_lora_rank', defaults.rank),
    turning: evenSize(fields, 'qk_rope_head_dim', defaults.turning),
    still: evenSize(fields, 'qk_nope_head_dim', defaults.still),
    value: fields.size('v_head_dim', defaults.value ?? Math.floor(hiddenSize / numHeads)),
  };
  const { rope, contextLength } = readRope(fields);
  const config: ModelConfig = {
    architecture,
    modelType,
    hiddenSize,
    numHeads,
    numKvHeads: numHeads,
    headDim: latentHeadDim(sizes),
    vocabSize: fields.size('vocab_size'),
    intermediateSize: fields.size('intermediate_size'),
    numLayers: fields.numLayers(),
    rope,
    derivedContextLength: contextLength,
  };
  return { config, sizes };
}

function evenSize(fields: ConfigFields, name: string, fallback: number): number {
  const size = fields.size(name, fallback);
  if (size % 2 !== 0) fields.fail(name, 'even, for the halves of a head');
  return size;
}
