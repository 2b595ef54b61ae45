import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'MiniCPMForCausalLM';

/** MiniCPM 1 and 4: Llama with factors of the embedding, the layers and the logits (arXiv 2404.06395). */
export const minicpm: ModelFamily = {
  architecture,
  models: 'MiniCPM, MiniCPM 4',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'minicpm',
      hasHeadDim: false,
      tied: true,
    });
    const bias = fields.boolean('attention_bias', false);
    return decoder(config, {
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
