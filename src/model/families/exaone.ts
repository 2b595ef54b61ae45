import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'ExaoneForCausalLM';

const FIELDS = {
  num_hidden_layers: 'num_layers',
  rms_norm_eps: 'layer_norm_epsilon',
  hidden_act: 'activation_function',
};

const MODULES = {
  embedding: 'transformer.wte',
  layers: 'transformer.h',
  finalNorm: 'transformer.ln_f',
};

/** EXAONE 3 and 3.5: Llama under other names. */
export const exaone: ModelFamily = {
  architecture,
  models: 'EXAONE 3, EXAONE 3.5',
  read: (json) => {
    const fields = json.named(FIELDS);
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'exaone',
      eps: 1e-5,
    });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied,
      modules: MODULES,
      layer: (place) =>
        preNorm(place, norm, {
          modules: { attention: 'ln_1', mlp: 'ln_2' },
          attention: attention(place, {
            qkvBias: attentionBias,
            outputBias: attentionBias,
            modules: { at: 'attn.attention', o: 'out_proj' },
          }),
          mlp: gatedMlp(place, {
            activation,
            bias,
            modules: { gate: 'c_fc_0', up: 'c_fc_1', down: 'c_proj' },
          }),
        }),
    });
  },
};
