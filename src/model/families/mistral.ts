import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'MistralForCausalLM';

/** Llama with one sliding window in all layers (arXiv 2310.06825); `sliding_window: null` = none. */
export const mistral: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'mistral' });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    const window = fields.has('sliding_window') ? fields.size('sliding_window') : null;
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { window }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
