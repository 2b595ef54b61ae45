import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { sandwich, type SandwichModules } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'Glm4ForCausalLM';

const NORMS: SandwichModules = {
  input: 'input_layernorm',
  attentionOutput: 'post_self_attn_layernorm',
  mlp: 'post_attention_layernorm',
  mlpOutput: 'post_mlp_layernorm',
};

/** GLM-4-0414: half of a head is rotated, neighbours with each other, and each half of a layer has two norms. */
export const glm4: ModelFamily = {
  architecture,
  models: 'GLM-4-0414',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'glm4', defaultHeadDim: 128 });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1.5625e-7);
    const qkvBias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields);
    const rotary = partialRotary(fields, config, { fallback: 0.5, interleaved: true });
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        sandwich(place, norm, {
          modules: NORMS,
          attention: attention(place, { qkvBias, rotary }),
          mlp: gatedMlp(place, { activation, fused: 'gate_up_proj' }),
        }),
    });
  },
};
