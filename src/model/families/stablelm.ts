import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { parallel, preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'StableLmForCausalLM';

/** StableLM 2 and 3B: LayerNorms, a quarter of a head rotated, and in the 12B a norm for each head and one for both halves. */
export const stablelm: ModelFamily = {
  architecture,
  models: 'StableLM 2, StableLM 3B',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'stablelm', hasHeadDim: false });
    const norm = layerNorm(fields, 'layer_norm_eps');
    const activation = readActivation(fields);
    const rotary = partialRotary(fields, config, { fallback: 0.25 });
    const qkvBias = fields.boolean('use_qkv_bias', false);
    const normsHeads = fields.boolean('qk_layernorm', false);
    const isParallel = fields.boolean('use_parallel_residual', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) => {
        const halves = {
          attention: attention(place, {
            qkvBias,
            headNorm: normsHeads
              ? { ...norm, hasBias: false, over: 'head', gains: 'modules' }
              : null,
            rotary,
            modules: { qNorm: 'q_layernorm', kNorm: 'k_layernorm' },
          }),
          mlp: gatedMlp(place, { activation }),
        };
        const modules = { attention: 'input_layernorm', mlp: null };
        return isParallel
          ? parallel(place, norm, { ...halves, modules })
          : preNorm(place, norm, halves);
      },
    });
  },
};
