import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { mixersByLayer } from './layer-types.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import type { LayerPlace } from './parts/place.js';
import { deltaNet, type DeltaNetTraits, readConvWidth } from './parts/recurrent.js';
import { partialRotary } from './parts/rotary.js';
import { routedLayers } from './qwen2-moe.js';
import { readSizes } from './sizes.js';

const architecture = 'Qwen3NextForCausalLM';

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_key_value_heads: 2, num_experts: 512, num_experts_per_tok: 10 };

/** Gated delta nets between layers of gated attention, and experts (arXiv 2412.06464). */
export const qwen3Next: ModelFamily = {
  architecture,
  models: 'Qwen3-Next',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readSizes(fields, {
      architecture,
      modelType: 'qwen3_next',
      defaultHeadDim: 256,
    });
    const norm: NormStyle = { ...rmsNorm(fields), gainOffset: 1 };
    const activation = readActivation(fields);
    const mixer = deltaMixer(fields, config, norm, 'in turns');
    const sizes = readExpertSizes(fields, {
      count: 'num_experts',
      topK: 'num_experts_per_tok',
      least: 0,
    });
    const experts = {
      ...sizes,
      activation,
      width: fields.size('moe_intermediate_size', 512),
      routing: softmaxRouting(fields.boolean('norm_topk_prob', true)),
      shared: {
        width: fields.size('shared_expert_intermediate_size', 512),
        module: 'shared_expert',
        gate: 'shared_expert_gate',
      },
    };
    const routes = routedLayers(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          ...mixer(place),
          mlp:
            sizes.numExperts > 0 && routes(place.index)
              ? routedMlp(place, experts)
              : gatedMlp(place, { activation }),
        }),
    });
  },
};

/** The delta nets and the gated attention of Qwen's hybrid models, by `layer_types`. */
export function deltaMixer(
  fields: ConfigFields,
  config: ModelConfig,
  norm: NormStyle,
  rows: DeltaNetTraits['rows'],
) {
  if (readActivation(fields) !== 'silu') {
    fields.fail('hidden_act', 'silu, which the convolutions of this architecture have');
  }
  const interval = fields.size('full_attention_interval', 4);
  const names = { linear_attention: 'recurrent', full_attention: 'attention' } as const;
  const mixers = mixersByLayer(fields, names, (layer) => (layer + 1) % interval === 0);
  const bias = fields.boolean('attention_bias', false);
  const rotary = partialRotary(fields, config, { fallback: 0.25 });
  const numKeyHeads = fields.size('linear_num_key_heads', 16);
  const numValueHeads = fields.size('linear_num_value_heads', 32);
  if (numValueHeads % numKeyHeads !== 0) {
    fields.fail('linear_num_value_heads', `a multiple of "linear_num_key_heads" (${numKeyHeads})`);
  }
  const net: DeltaNetTraits = {
    numKeyHeads,
    numValueHeads,
    keyDim: fields.size('linear_key_head_dim', 128),
    valueDim: fields.size('linear_value_head_dim', 128),
    width: readConvWidth(fields, 'linear_conv_kernel_dim', 4),
    norm: { ...norm, gainOffset: 0 },
    rows,
  };
  return (place: LayerPlace) =>
    mixers[place.index] === 'attention'
      ? {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'head' },
            rotary,
            isGated: true,
          }),
        }
      : { recurrent: deltaNet(place, net) };
}
