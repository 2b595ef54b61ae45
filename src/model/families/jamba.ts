import { BAMBA_MODULES, BAMBA_NORMS } from './bamba.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { mixersByLayer } from './layer-types.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { expandedWidth } from './parts/mamba.js';
import { mamba1, type Mamba1Traits } from './parts/mamba1.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import { readConvWidth } from './parts/recurrent.js';
import { readSizes } from './sizes.js';

const architecture = 'JambaForCausalLM';

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_key_value_heads: 8, num_experts: 16, num_experts_per_tok: 2 };

/** Mamba-1, attention without a rotation in some layers, experts in some (arXiv 2403.19887). */
export const jamba: ModelFamily = {
  architecture,
  models: 'Jamba mini, Jamba Reasoning 3B',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readSizes(fields, { architecture, modelType: 'jamba' });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    if (activation !== 'silu') fields.fail('hidden_act', 'silu');
    const mixer = readMixer(fields, config, norm);
    const attends = every(fields, 'attn_layer', { period: 8, offset: 4 });
    const routes = every(fields, 'expert_layer', { period: 2, offset: 1 });
    const mixers = mixersByLayer(fields, {}, attends);
    const sizes = readExpertSizes(fields, { count: 'num_experts', topK: 'num_experts_per_tok' });
    return decoder(config, {
      norm,
      tied: readTied(fields),
      modules: BAMBA_MODULES,
      layer: (place) =>
        preNorm(place, norm, {
          modules: BAMBA_NORMS,
          ...(mixers[place.index] === 'attention'
            ? { attention: attention(place, { rotary: null }) }
            : { recurrent: mamba1(place, mixer) }),
          mlp:
            sizes.numExperts > 1 && routes(place.index)
              ? routedMlp(place, {
                  ...sizes,
                  activation,
                  width: config.intermediateSize,
                  routing: softmaxRouting(false),
                  modules: { at: 'feed_forward', router: 'router' },
                })
              : gatedMlp(place, { activation, modules: { at: 'feed_forward' } }),
        }),
    });
  },
};

/** Each `period`-th layer, from `offset` on. */
function every(
  fields: ConfigFields,
  name: string,
  fallback: { readonly period: number; readonly offset: number },
): (layer: number) => boolean {
  const period = fields.size(`${name}_period`, fallback.period);
  const offset = fields.count(`${name}_offset`, fallback.offset);
  if (offset >= period) fields.fail(`${name}_offset`, `less than "${name}_period" (${period})`);
  return (layer) => layer % period === offset;
}

function readMixer(fields: ConfigFields, config: ModelConfig, norm: NormStyle): Mamba1Traits {
  const rank = fields.has('mamba_dt_rank') ? fields.raw('mamba_dt_rank') : 'auto';
  return {
    channels: expandedWidth(fields, config),
    keyDim: fields.size('mamba_d_state', 16),
    stepRank: rank === 'auto' ? Math.ceil(config.hiddenSize / 16) : fields.size('mamba_dt_rank'),
    width: readConvWidth(fields, 'mamba_d_conv', 4),
    convBias: fields.boolean('mamba_conv_bias', true),
    bias: fields.boolean('mamba_proj_bias', false),
    norm,
  };
}
