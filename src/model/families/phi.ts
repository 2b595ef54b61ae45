import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { parallel } from './parts/layers.js';
import { plainMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'PhiForCausalLM';

/** Phi-1 to 2: attention and MLP beside each other behind one LayerNorm, biases everywhere, half of a head rotated. */
export const phi: ModelFamily = {
  architecture,
  models: 'Phi-1, Phi-1.5, Phi-2',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'phi' });
    const norm = layerNorm(fields, 'layer_norm_eps');
    const activation = readActivation(fields, 'hidden_act', 'gelu_new');
    const rotary = partialRotary(fields, config, { fallback: 0.5 });
    const normsHeads = fields.boolean('qk_layernorm', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      headBias: true,
      modules: { finalNorm: 'model.final_layernorm' },
      layer: (place) =>
        parallel(place, norm, {
          modules: { attention: 'input_layernorm', mlp: null },
          attention: attention(place, {
            qkvBias: true,
            outputBias: true,
            headNorm: normsHeads ? { ...norm, over: 'head' } : null,
            rotary,
            modules: { o: 'dense', qNorm: 'q_layernorm', kNorm: 'k_layernorm' },
          }),
          mlp: plainMlp(place, {
            activation,
            bias: true,
            modules: { at: 'mlp', up: 'fc1', down: 'fc2' },
          }),
        }),
    });
  },
};
