import type { ConfigFields } from './config-fields.js';
import type { ModelFamily } from './family.js';
import { LFM2_MLP, lfm2Mlp, lfm2Network, readLfm2Sizes } from './lfm2.js';
import { type ExpertTraits, readExpertSizes, routedMlp } from './parts/experts.js';

const architecture = 'Lfm2MoeForCausalLM';

/** Of its config class, where they are not those of others. */
const DEFAULTS = {
  num_key_value_heads: 8,
  num_experts: 32,
  num_experts_per_tok: 4,
  moe_intermediate_size: 1792,
};

/** LFM2 whose later layers have routed experts; a bias corrects the router's choice (arXiv 2511.23404). */
export const lfm2Moe: ModelFamily = {
  architecture,
  models: 'LFM2-8B-A1B',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const config = readLfm2Sizes(fields, architecture, 'lfm2_moe');
    const experts = readExperts(fields);
    const numDense = fields.count('num_dense_layers', 2);
    return lfm2Network(fields, config, (place) =>
      place.index < numDense ? lfm2Mlp(place) : routedMlp(place, experts),
    );
  },
};

function readExperts(fields: ConfigFields): ExpertTraits {
  const sizes = readExpertSizes(fields, { count: 'num_experts', topK: 'num_experts_per_tok' });
  const parameter = 'expert_bias';
  return {
    ...sizes,
    activation: 'silu',
    width: fields.size('moe_intermediate_size'),
    routing: {
      kind: 'scored',
      scores: 'sigmoid',
      groups: null,
      leastSum: fields.boolean('norm_topk_prob', true) ? 0 : null,
      addedToSum: 1e-6,
      scale: fields.positive('routed_scaling_factor', 1),
    },
    modules: {
      ...LFM2_MLP,
      scoreBias: fields.boolean('use_expert_bias', true)
        ? { parameter, shape: [sizes.numExperts] }
        : null,
    },
  };
}
