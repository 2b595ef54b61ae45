import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'GlmForCausalLM';

/** GLM-Edge, and glm-4-9b as transformers has it: half of a head is rotated, neighbours with each other. */
export const glm: ModelFamily = {
  architecture,
  models: 'GLM-Edge, glm-4-9b-hf',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'glm', defaultHeadDim: 128 });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1.5625e-7);
    const qkvBias = fields.boolean('attention_bias', true);
    const activation = readActivation(fields);
    const rotary = partialRotary(fields, config, { fallback: 0.5, interleaved: true });
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, rotary }),
          mlp: gatedMlp(place, { activation, fused: 'gate_up_proj' }),
        }),
    });
  },
};
