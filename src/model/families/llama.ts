import { decoder } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { type LlamaLike, readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'LlamaForCausalLM';

/** Llama 2 and 3, and what was built after them: pre-norm, rotary embedding, gated MLP. */
export const llama: ModelFamily = {
  architecture,
  models:
    'Llama 2 to 3.3, TinyLlama, SmolLM2, Falcon 3, Yi, DeepSeek-R1-Distill-Llama, Nemotron Nano v1',
  read: (fields) => {
    const ofAttention = fields.boolean('attention_bias', false);
    return llamaNetwork(readLlamaLike(fields, { architecture, modelType: 'llama' }), {
      qkv: ofAttention,
      output: ofAttention,
      mlp: fields.boolean('mlp_bias', false),
    });
  },
};

/** Which linears of a layer have a bias. */
export interface Biases {
  readonly qkv: boolean;
  readonly output: boolean;
  readonly mlp: boolean;
}

/** Its network, for families that say otherwise where biases are. */
export function llamaNetwork(
  { config, norm, activation, tied }: LlamaLike,
  biases: Biases,
): DecoderModel {
  return decoder(config, {
    norm,
    tied,
    layer: (place) =>
      preNorm(place, norm, {
        attention: attention(place, { qkvBias: biases.qkv, outputBias: biases.output }),
        mlp: gatedMlp(place, { activation, bias: biases.mlp }),
      }),
  });
}
