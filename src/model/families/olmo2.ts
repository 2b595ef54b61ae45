import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { postNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'Olmo2ForCausalLM';

/** Norms behind attention and MLP instead of before them, and over all heads of q and k (arXiv 2501.00656). */
export const olmo2: ModelFamily = {
  architecture,
  models: 'OLMo 2',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'olmo2',
      eps: 1e-5,
    });
    const bias = fields.boolean('attention_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        postNorm(place, norm, {
          modules: { attention: 'post_attention_layernorm', mlp: 'post_feedforward_layernorm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'heads' },
          }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
