import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { llamaNetwork } from './llama.js';

const architecture = 'InternLM3ForCausalLM';

/** What its own code calls the two switches of biases; transformers 5 has Llama's names. */
const FIELDS = { attention_bias: 'qkv_bias', mlp_bias: 'bias' };

/** Llama with a bias for q, k and v, and another for all other linears of a layer. */
export const internlm3: ModelFamily = {
  architecture,
  models: 'InternLM 3',
  read: (json) => {
    const fields = json.named(FIELDS);
    const others = fields.boolean('mlp_bias', false);
    return llamaNetwork(
      readLlamaLike(fields, { architecture, modelType: 'internlm3', eps: 1e-5 }),
      {
        qkv: fields.boolean('attention_bias', false),
        output: others,
        mlp: others,
      },
    );
  },
};
