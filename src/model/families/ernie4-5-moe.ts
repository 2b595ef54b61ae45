import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { STACKS } from './parts/expert-stacks.js';
import { type ExpertTraits, readExpertSizes, routedMlp } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { type RotaryTraits, wholeRotary } from './parts/rotary.js';
import { readRope } from './rope-config.js';
import { isOfVersion5 } from './saved-by.js';

const architecture = 'Ernie4_5_MoeForCausalLM';

/** ERNIE 4.5 whose later layers have routed experts beside shared ones; the router's choice is corrected by a bias. */
export const ernie45Moe: ModelFamily = {
  architecture,
  models: 'ERNIE 4.5 21B-A3B',
  defaults: {
    num_key_value_heads: 4,
    moe_num_experts: 64,
    moe_k: 6,
    moe_intermediate_size: 1536,
  },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'ernie4_5_moe',
      eps: 1e-5,
      tied: true,
      reach: readRope(fields, 500_000),
    });
    const bias = fields.boolean('use_bias', false);
    const rotary: RotaryTraits = { ...wholeRotary(config), interleaved: true };
    const experts = readExperts(fields, bias);
    const routes = routedLayers(fields);
    return decoder(config, {
      norm,
      tied,
      headBias: bias,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, rotary }),
          mlp: routes(place.index)
            ? routedMlp(place, { ...experts, activation })
            : gatedMlp(place, { activation, bias }),
        }),
    });
  },
};

/** In version 5 of transformers routed experts have no biases. */
function readExperts(fields: ConfigFields, bias: boolean): Omit<ExpertTraits, 'activation'> {
  const sizes = readExpertSizes(fields, { count: 'moe_num_experts', topK: 'moe_k' });
  const width = fields.size('moe_intermediate_size');
  const numShared = fields.count('moe_num_shared_experts', 2);
  return {
    ...sizes,
    width,
    bias: bias && !isOfVersion5(fields),
    routing: {
      kind: 'scored',
      scores: 'softmax',
      groups: null,
      leastSum: fields.positive('moe_norm_min', 1e-12),
      scale: 1,
    },
    shared:
      numShared === 0
        ? null
        : { width: width * numShared, module: 'shared_experts', gate: null, bias },
    modules: {
      scoreBias: {
        parameter: 'moe_statics.e_score_correction_bias',
        shape: [1, sizes.numExperts],
      },
    },
    stacks: [{ ...STACKS, scoreBias: 'gate.moe_statics.e_score_correction_bias' }],
  };
}

/** Every so many-th layer of a range; an end of -1 is the last one. */
function routedLayers(fields: ConfigFields): (layer: number) => boolean {
  const first = fields.count('moe_layer_start_index', 1);
  const end = fields.raw('moe_layer_end_index') ?? -1;
  const last = end === -1 ? Infinity : fields.count('moe_layer_end_index');
  const interval = fields.size('moe_layer_interval', 1);
  return (layer) => (layer + 1) % interval === 0 && layer >= first && layer <= last;
}
