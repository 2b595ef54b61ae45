import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { STACKS } from './parts/expert-stacks.js';
import { readExpertSizes, routedMlp, softmaxRouting } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { readRope } from './rope-config.js';

const architecture = 'MixtralForCausalLM';

/** What Mixtral's checkpoints call the parts of a layer's experts, and those of models made after it. */
export const MIXTRAL_MODULES = {
  at: 'block_sparse_moe',
  gate: 'w1',
  up: 'w3',
  down: 'w2',
} as const;

/** Mistral whose MLPs are routed experts (arXiv 2401.04088). */
export const mixtral: ModelFamily = {
  architecture,
  models: 'Mixtral 8x7B',
  defaults: { num_key_value_heads: 8, num_local_experts: 8, num_experts_per_tok: 2 },
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'mixtral',
      eps: 1e-5,
      reach: readRope(fields, 1_000_000),
    });
    const window = fields.sizeIfSet('sliding_window');
    const sizes = readExpertSizes(fields, {
      count: 'num_local_experts',
      topK: 'num_experts_per_tok',
    });
    return decoder(config, {
      norm,
      tied,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { window }),
          mlp: routedMlp(place, {
            ...sizes,
            activation,
            width: config.intermediateSize,
            routing: softmaxRouting(true),
            modules: MIXTRAL_MODULES,
            stacks: [{ ...STACKS, at: 'mlp' }],
          }),
        }),
    });
  },
};
