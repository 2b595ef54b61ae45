import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'SeedOssForCausalLM';

/** Llama with a bias of its own for q, k and v, for the output of attention, and for the MLP. */
export const seedOss: ModelFamily = {
  architecture,
  models: 'Seed-OSS',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'seed_oss',
      defaultHeadDim: 128,
    });
    const qkvBias = fields.boolean('attention_bias', true);
    const outputBias = fields.boolean('attention_out_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, outputBias }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
