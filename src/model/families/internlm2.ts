import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'InternLM2ForCausalLM';

/** InternLM 2 and 2.5: Llama under other names, with q, k and v as one linear whose heads take turns. */
export const internlm2: ModelFamily = {
  architecture,
  models: 'InternLM 2, InternLM 2.5',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'internlm2',
    });
    const bias = fields.boolean('bias', true);
    return decoder(config, {
      norm,
      tied,
      modules: { embedding: 'model.tok_embeddings', head: 'output' },
      layer: (place) =>
        preNorm(place, norm, {
          modules: { attention: 'attention_norm', mlp: 'ffn_norm' },
          attention: attention(place, {
            qkvBias: bias,
            outputBias: bias,
            fused: { module: 'wqkv', heads: 'in turns' },
            modules: { at: 'attention', o: 'wo' },
          }),
          mlp: gatedMlp(place, {
            activation,
            modules: { at: 'feed_forward', gate: 'w1', up: 'w3', down: 'w2' },
          }),
        }),
    });
  },
};
