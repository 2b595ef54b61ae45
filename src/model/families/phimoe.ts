import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { MIXTRAL_MODULES } from './mixtral.js';
import { attention } from './parts/attention.js';
import { STACKS } from './parts/expert-stacks.js';
import { readExpertSizes, routedMlp } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { readActivation } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { readRope } from './rope-config.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'PhimoeForCausalLM';

/** Mixtral with LayerNorms, biases, and experts that SparseMixer chooses (arXiv 2409.12136). */
export const phimoe: ModelFamily = {
  architecture,
  models: 'Phi-3.5-MoE',
  defaults: { num_key_value_heads: 8, num_local_experts: 16, num_experts_per_tok: 2 },
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, {
      architecture,
      modelType: 'phimoe',
      hasHeadDim: false,
      reach: readRope(fields, 1_000_000),
    });
    const norm = layerNorm(fields, 'rms_norm_eps');
    const activation = readActivation(fields);
    const bias = fields.boolean('attention_bias', false);
    const window = fields.sizeIfSet('sliding_window');
    const sizes = readExpertSizes(fields, {
      count: 'num_local_experts',
      topK: 'num_experts_per_tok',
    });
    if (sizes.topK !== 2) fields.fail('num_experts_per_tok', '2 (SparseMixer chooses two)');
    const jitter = readJitter(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      headBias: fields.boolean('lm_head_bias', false),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, window }),
          mlp: routedMlp(place, {
            ...sizes,
            activation,
            width: config.intermediateSize,
            routing: { kind: 'sparsemixer', jitter },
            modules: MIXTRAL_MODULES,
            stacks: [{ ...STACKS, at: 'mlp', router: 'router' }],
          }),
        }),
    });
  },
};

/** `router_jitter_noise`, which may be zero. */
function readJitter(fields: ConfigFields): number {
  const name = 'router_jitter_noise';
  return fields.raw(name) === 0 ? 0 : fields.positive(name, 0.01);
}
