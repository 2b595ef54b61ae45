import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'InternLM3ForCausalLM';

/** What its own code calls the two switches of biases; transformers 5 has Llama's names. */
const FIELDS = { attention_bias: 'qkv_bias', mlp_bias: 'bias' };

/** Llama with a bias for q, k and v, and another for all other linears of a layer. */
export const internlm3: ModelFamily = {
  architecture,
  models: 'InternLM 3',
  read: (json) => {
    const fields = json.named(FIELDS);
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'internlm3',
      eps: 1e-5,
    });
    const qkvBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, outputBias: bias }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
