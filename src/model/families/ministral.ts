import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'MinistralForCausalLM';

/** Mistral whose `layer_types` say which layers have the window; without that list all have it. */
export const ministral: ModelFamily = {
  architecture,
  models: 'Ministral with layers of both kinds',
  defaults: { num_key_value_heads: 8 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'ministral',
    });
    const isWindowed = fields.positiveOrNull('sliding_window', 4096) !== null;
    const window = isWindowed ? fields.size('sliding_window', 4096) : null;
    const windows = windowsByLayer(fields, window, () => true);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { window: windows[place.index] ?? null }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
