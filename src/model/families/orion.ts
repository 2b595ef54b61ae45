import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'OrionForCausalLM';

/** Llama with LayerNorms (arXiv 2401.12246). */
export const orion: ModelFamily = {
  architecture,
  models: 'Orion 14B',
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'orion' });
    const norm = layerNorm(fields, 'rms_norm_eps');
    const bias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
