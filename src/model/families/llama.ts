import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'LlamaForCausalLM';

/** Llama 2 and 3, and what was built after them: pre-norm, rotary embedding, gated MLP. */
export const llama: ModelFamily = {
  architecture,
  models:
    'Llama 2 to 3.3, TinyLlama, SmolLM2, Falcon 3, Yi, DeepSeek-R1-Distill-Llama, Nemotron Nano v1',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'llama',
    });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: attentionBias, outputBias: attentionBias }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
