import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { postNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { wholeRotary } from './parts/rotary.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Olmo3ForCausalLM';

/** OLMo 2 with three layers with a window for one without; only the latter have the scaling of `rope_scaling`. */
export const olmo3: ModelFamily = {
  architecture,
  models: 'OLMo 3',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'olmo3',
      eps: 1e-5,
    });
    const bias = fields.boolean('attention_bias', false);
    const window = fields.size('sliding_window', 4096);
    const windows = windowsByLayer(fields, window, (layer) => (layer + 1) % 4 !== 0);
    const { theta } = config.rope;
    return decoder(config, {
      norm,
      tied,
      layer: (place) => {
        const own = windows[place.index] ?? null;
        const whole = wholeRotary(config);
        return postNorm(place, norm, {
          modules: { attention: 'post_attention_layernorm', mlp: 'post_feedforward_layernorm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'heads' },
            window: own,
            rotary: own === null ? whole : { ...whole, rope: { type: 'default', theta } },
          }),
          mlp: gatedMlp(place, { activation }),
        });
      },
    });
  },
};
