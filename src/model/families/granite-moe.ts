import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readGraniteFactors } from './granite.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { type ExpertStacks, STACKS } from './parts/expert-stacks.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';

const architecture = 'GraniteMoeForCausalLM';

const INPUT_OUTPUT: ExpertStacks = {
  ...STACKS,
  gateUp: 'input_linear.weight',
  down: 'output_linear.weight',
  isFallback: false,
};

/** How experts are chosen, and where they are. */
export const GRANITE_EXPERTS = {
  // Softmax over the chosen experts alone.
  routing: softmaxRouting(true),
  modules: { at: 'block_sparse_moe', router: 'router.layer' },
  stacks: [{ ...STACKS, router: 'router' }, INPUT_OUTPUT],
};

/** Granite whose MLPs are routed experts. */
export const graniteMoe: ModelFamily = {
  architecture,
  models: 'Granite 3 MoE (1B-A400M, 3B-A800M)',
  defaults: { num_local_experts: 8, num_experts_per_tok: 2 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'granitemoe',
    });
    const bias = fields.boolean('attention_bias', false);
    const { attentionScale: scale, residualScale, ...factors } = readGraniteFactors(fields);
    const sizes = readExpertSizes(fields, {
      count: 'num_local_experts',
      topK: 'num_experts_per_tok',
    });
    return decoder(config, {
      norm,
      tied,
      ...factors,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: bias, outputBias: bias, scale }),
          mlp: routedMlp(place, {
            ...sizes,
            activation,
            width: config.intermediateSize,
            ...GRANITE_EXPERTS,
          }),
          residualScale,
        }),
    });
  },
};
