import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { llamaNetwork } from './llama.js';

const architecture = 'SeedOssForCausalLM';

/** Llama with a bias of its own for q, k and v, for the output of attention, and for the MLP. */
export const seedOss: ModelFamily = {
  architecture,
  models: 'Seed-OSS',
  defaults: { num_key_value_heads: 8 },
  read: (fields) =>
    llamaNetwork(
      readLlamaLike(fields, { architecture, modelType: 'seed_oss', defaultHeadDim: 128 }),
      {
        qkv: fields.boolean('attention_bias', true),
        output: fields.boolean('attention_out_bias', false),
        mlp: fields.boolean('mlp_bias', false),
      },
    ),
};
