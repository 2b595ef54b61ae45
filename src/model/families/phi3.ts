import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'Phi3ForCausalLM';

/** Llama whose q, k and v are one matrix, and gate and up another; Phi-4-mini rotates a part of each head. */
export const phi3: ModelFamily = {
  architecture,
  models: 'Phi-3, Phi-3.5, Phi-4, Phi-4-mini',
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'phi3' });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const activation = readActivation(fields);
    const rotary = partialRotary(fields, config, { fallback: 1 });
    const window = fields.sizeIfSet('sliding_window');
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            rotary,
            window,
            fused: { module: 'qkv_proj', heads: 'in order' },
          }),
          mlp: gatedMlp(place, { activation, fused: 'gate_up_proj' }),
        }),
    });
  },
};
