import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { plainMlp, UP_DOWN } from './parts/mlp.js';

const architecture = 'ArceeForCausalLM';

/** Llama with a plain MLP, between whose linears is a squared ReLU. */
export const arcee: ModelFamily = {
  architecture,
  models: 'Arcee (AFM)',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'arcee',
      eps: 1e-5,
      activation: 'relu2',
    });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: attentionBias, outputBias: attentionBias }),
          mlp: plainMlp(place, { activation, bias, modules: UP_DOWN }),
        }),
    });
  },
};
