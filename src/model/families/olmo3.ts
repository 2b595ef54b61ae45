import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { postNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { type RotaryTraits, wholeRotary } from './parts/rotary.js';
import { readRope, ropeSettings } from './rope-config.js';
import { isOfVersion5 } from './saved-by.js';
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
      reach: readRope(fields, isOfVersion5(fields) ? 500_000 : 10_000),
    });
    const bias = fields.boolean('attention_bias', false);
    const size = fields.size('sliding_window', 4096);
    const windows = windowsByLayer(fields, size, (layer) => (layer + 1) % 4 !== 0);
    const own = ropeSettings(fields, 'sliding_attention');
    const theta = own?.positive('rope_theta', config.rope.theta) ?? config.rope.theta;
    const local: RotaryTraits = { ...wholeRotary(config), rope: { type: 'default', theta } };
    return decoder(config, {
      norm,
      tied,
      layer: (place) => {
        const window = windows[place.index] ?? null;
        return postNorm(place, norm, {
          modules: { attention: 'post_attention_layernorm', mlp: 'post_feedforward_layernorm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'heads' },
            window,
            ...(window === null ? {} : { rotary: local }),
          }),
          mlp: gatedMlp(place, { activation }),
        });
      },
    });
  },
};
