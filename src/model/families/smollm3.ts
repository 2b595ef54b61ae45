import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'SmolLM3ForCausalLM';

/** Llama of which every fourth layer tells no positions apart. The defaults are those of transformers' SmolLM3Config. */
export const smollm3: ModelFamily = {
  architecture,
  models: 'SmolLM3',
  defaults: { num_key_value_heads: 4, rope_theta: 2_000_000 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'smollm3',
      tied: true,
    });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    const rotates = rotatingLayers(fields, config.numLayers);
    const isWindowed = fields.boolean('use_sliding_window', false) && fields.has('sliding_window');
    const window = isWindowed ? fields.size('sliding_window') : null;
    const windows = windowsByLayer(fields, window, (layer) => rotates[layer] !== true);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: attentionBias,
            outputBias: attentionBias,
            window: windows[place.index] ?? null,
            ...(rotates[place.index] === true ? {} : { rotary: null }),
          }),
          mlp: gatedMlp(place, { activation, bias }),
        }),
    });
  },
};

/** `no_rope_layers` has a 1 for each layer that rotates; without it `no_rope_layer_interval` says which do not. */
function rotatingLayers(fields: ConfigFields, numLayers: number): readonly boolean[] {
  const listed = fields.counts('no_rope_layers');
  if (listed.length === 0) {
    const interval = fields.size('no_rope_layer_interval', 4);
    return Array.from({ length: numLayers }, (_, layer) => (layer + 1) % interval !== 0);
  }
  if (listed.length !== numLayers) fields.fail('no_rope_layers', `a list of ${numLayers}`);
  return listed.map((flag) => flag !== 0);
}
