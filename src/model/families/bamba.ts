import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { mixersByLayer } from './layer-types.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { expandedWidth, mamba2, normGroups, readMambaSizes } from './parts/mamba.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'BambaForCausalLM';

/** What Bamba's twins call the norms of a layer, and the last one. */
export const BAMBA_NORMS = { attention: 'input_layernorm', mlp: 'pre_ff_layernorm' };
export const BAMBA_MODULES = { finalNorm: 'model.final_layernorm' };

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_key_value_heads: 8 };

/** Mamba-2 (arXiv 2405.21060), and attention in a few layers. */
export const bamba: ModelFamily = {
  architecture,
  models: 'Bamba 9B',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readSizes(fields, { architecture, modelType: 'bamba' });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const activation = readActivation(fields);
    if (activation !== 'silu') fields.fail('hidden_act', 'silu');
    const sizes = readMambaSizes(fields, expandedWidth(fields, config));
    const groups = normGroups(fields, sizes);
    const attends = new Set(fields.counts('attn_layer_indices'));
    const mixers = mixersByLayer(fields, {}, (layer) => attends.has(layer));
    const rotary = partialRotary(fields, config, { fallback: 0.5 });
    const bias = fields.boolean('attention_bias', false);
    const mlpBias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      modules: BAMBA_MODULES,
      layer: (place) =>
        preNorm(place, norm, {
          modules: BAMBA_NORMS,
          ...(mixers[place.index] === 'attention'
            ? { attention: attention(place, { rotary, qkvBias: bias, outputBias: bias }) }
            : {
                recurrent: mamba2(place, {
                  ...sizes,
                  norm: { ...norm, groups, gateBehind: false },
                  outputBias: sizes.inputBias,
                }),
              }),
          mlp: gatedMlp(place, { activation, bias: mlpBias, modules: { at: 'feed_forward' } }),
        }),
    });
  },
};
