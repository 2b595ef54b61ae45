import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { wholeRotary } from './parts/rotary.js';
import { readRope } from './rope-config.js';

const architecture = 'HeliumForCausalLM';

/** Llama whose heads are rotated neighbour with neighbour. */
export const helium: ModelFamily = {
  architecture,
  models: 'Helium',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'helium',
      defaultHeadDim: 128,
      eps: 1e-8,
      reach: readRope(fields, 100_000),
    });
    const qkvBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    const rotary = { ...wholeRotary(config), interleaved: true };
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, rotary }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
