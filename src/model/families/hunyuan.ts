import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'HunYuanDenseV1ForCausalLM';

/** Llama whose heads of q and k are normed behind their rotation, whose base an alpha stretches. */
export const hunyuan: ModelFamily = {
  architecture,
  models: 'Hunyuan 0.5B to 7B',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'hunyuan_v1_dense',
      eps: 1e-5,
    });
    const bias = fields.boolean('attention_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'head' },
            normsRotated: true,
            modules: { qNorm: 'query_layernorm', kNorm: 'key_layernorm' },
          }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
