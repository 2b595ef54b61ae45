import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';

const architecture = 'OlmoeForCausalLM';

/** Llama whose MLPs are routed experts, with norms over all heads of q and k (arXiv 2409.02060). */
export const olmoe: ModelFamily = {
  architecture,
  models: 'OLMoE',
  defaults: { num_experts: 64, num_experts_per_tok: 8 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'olmoe',
      eps: 1e-5,
      hasHeadDim: false,
    });
    const bias = fields.boolean('attention_bias', false);
    const clip = fields.positiveIfSet('clip_qkv');
    const sizes = readExpertSizes(fields, { count: 'num_experts', topK: 'num_experts_per_tok' });
    const routing = softmaxRouting(fields.boolean('norm_topk_prob', false));
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            headNorm: { ...norm, over: 'heads' },
            clip,
          }),
          mlp: routedMlp(place, { ...sizes, activation, width: config.intermediateSize, routing }),
        }),
    });
  },
};
