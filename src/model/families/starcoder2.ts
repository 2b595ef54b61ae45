import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'Starcoder2ForCausalLM';

/** Llama with LayerNorms, biases and a plain MLP (arXiv 2402.19173). */
export const starcoder2: ModelFamily = {
  architecture,
  models: 'StarCoder2',
  defaults: { num_key_value_heads: 2 },
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'starcoder2' });
    const norm = layerNorm(fields, 'norm_epsilon');
    const activation = readActivation(fields, 'hidden_act', 'gelu_pytorch_tanh');
    const bias = fields.boolean('use_bias', true);
    const window = fields.sizeIfSet('sliding_window');
    return decoder(config, {
      norm,
      tied: readTied(fields, true),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, window }),
          mlp: plainMlp(place, {
            activation,
            bias,
            modules: { at: 'mlp', up: 'c_fc', down: 'c_proj' },
          }),
        }),
    });
  },
};
