import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { wholeRotary } from './parts/rotary.js';
import { readRope } from './rope-config.js';

const architecture = 'Ernie4_5ForCausalLM';

/** Llama whose heads rotate neighbours with each other, with biases everywhere if switched on. */
export const ernie45: ModelFamily = {
  architecture,
  models: 'ERNIE 4.5 (0.3B)',
  defaults: { num_key_value_heads: 2 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'ernie4_5',
      defaultHeadDim: 128,
      eps: 1e-5,
      tied: true,
      reach: readRope(fields, 500_000),
    });
    const bias = fields.boolean('use_bias', false);
    const rotary = { ...wholeRotary(config), interleaved: true };
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, rotary }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};
