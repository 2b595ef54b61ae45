import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { postNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'Olmo2ForCausalLM';

/** Norms behind attention and MLP instead of before them, and over all heads of q and k (arXiv 2501.00656). */
export const olmo2: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'olmo2' });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const bias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        postNorm(place, norm, {
          modules: { attention: 'post_attention_layernorm', mlp: 'post_feedforward_layernorm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'heads' },
          }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
