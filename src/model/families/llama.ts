import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'LlamaForCausalLM';

/** Llama 2 and 3, and what was built after them: pre-norm, rotary embedding, gated MLP. */
export const llama: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'llama' });
    const norm = rmsNorm(fields);
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    const activation = readActivation(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: attentionBias, outputBias: attentionBias }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
