import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import type { NormStyle } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'OlmoForCausalLM';

/** The class has this epsilon in its code. */
const NORM: NormStyle = { kind: 'layer', eps: 1e-5, gainOffset: 0, hasGain: false, hasBias: false };

/** Llama with LayerNorms that have no parameters, and with limits to q, k and v (arXiv 2402.00838). */
export const olmo: ModelFamily = {
  architecture,
  models: 'OLMo 1',
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'olmo' });
    const bias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields);
    const clip = fields.positiveIfSet('clip_qkv');
    return decoder(config, {
      norm: NORM,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, NORM, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, clip }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
