import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'MistralForCausalLM';

/** Llama with one sliding window in all layers (arXiv 2310.06825); `sliding_window: null` = none. */
export const mistral: ModelFamily = {
  architecture,
  models: 'Mistral 7B, Zephyr, Ministral 8B',
  defaults: { num_key_value_heads: 8, sliding_window: 4096 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'mistral',
    });
    const window = fields.sizeIfSet('sliding_window');
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { window }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
