import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { readRope, type RopeReach, ropeSettings } from './rope-config.js';

const architecture = 'MiniCPMForCausalLM';

/** MiniCPM 1 and 4: Llama with factors of the embedding, the layers and the logits (arXiv 2404.06395). */
export const minicpm: ModelFamily = {
  architecture,
  models: 'MiniCPM, MiniCPM 4',
  read: (fields) => {
    if (fields.count('num_experts', 0) > 0)
      fields.fail('num_experts', '0 (its MoE is not supported)');
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'minicpm',
      hasHeadDim: false,
      tied: true,
      reach: readReach(fields),
    });
    const bias = fields.boolean('attention_bias', false);
    return decoder(withinDense(fields, config), {
      norm,
      tied,
      embeddingScale: fields.positive('scale_emb', 1),
      logitScale: fields.positive('dim_model_base', 1) / config.hiddenSize,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias }),
          mlp: gatedMlp(place, { activation }),
          residualScale: fields.positive('scale_depth', 1) / Math.sqrt(config.numLayers),
        }),
    });
  },
};

/** From so many positions on its attention is sparse, which is not supported: the context ends there. */
function withinDense(fields: ConfigFields, config: ModelConfig): ModelConfig {
  const dense = fields.object('sparse_config')?.size('dense_len', 8192) ?? Infinity;
  return { ...config, derivedContextLength: Math.min(config.derivedContextLength, dense) };
}

/** Of LongRoPE's factors its code takes those of a model with so many positions, however short a sequence is. */
function readReach(fields: ConfigFields): RopeReach {
  const settings = ropeSettings(fields);
  if (settings?.has('long_factor') !== true) return readRope(fields);
  const theta = settings.positive('rope_theta', fields.positive('rope_theta', 10_000));
  const contextLength = fields.size('max_position_embeddings');
  const original = settings.size('original_max_position_embeddings');
  const pairs = Math.floor(fields.size('hidden_size') / fields.size('num_attention_heads') / 2);
  const name = contextLength > original ? 'long_factor' : 'short_factor';
  const factors = settings.positives(name, pairs);
  const magnitude = Math.sqrt(1 + Math.log(contextLength / original) / Math.log(original));
  return { rope: { type: 'factors', theta, factors, magnitude }, contextLength };
}
