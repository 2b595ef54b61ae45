import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { type ExpertTraits, readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { routedLayers } from './qwen2-moe.js';
import { qwenWindow } from './sliding-window.js';

const architecture = 'Qwen3MoeForCausalLM';

/** Qwen3 whose MLPs are routed experts; no expert is shared. */
export const qwen3Moe: ModelFamily = {
  architecture,
  models: 'Qwen3-30B-A3B',
  defaults: { num_key_value_heads: 4, num_experts_per_tok: 8, moe_intermediate_size: 768 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'qwen3_moe',
    });
    const bias = fields.boolean('attention_bias', false);
    const window = qwenWindow(fields);
    const experts = readExperts(fields);
    const routes = routedLayers(fields);
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'head' },
            window,
          }),
          mlp:
            experts !== null && routes(place.index)
              ? routedMlp(place, { ...experts, activation })
              : gatedMlp(place, { activation }),
        }),
    });
  },
};

/** Null where there are none: every layer is dense. */
function readExperts(fields: ConfigFields): Omit<ExpertTraits, 'activation'> | null {
  const count = fields.has('num_experts') ? 'num_experts' : 'num_local_experts';
  const topK = 'num_experts_per_tok';
  const sizes = readExpertSizes(fields, { count, topK, least: 0, fallback: 128 });
  if (sizes.numExperts === 0) return null;
  return {
    ...sizes,
    width: fields.size('moe_intermediate_size'),
    routing: softmaxRouting(fields.boolean('norm_topk_prob', false)),
  };
}
