import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'GraniteForCausalLM';

/** Llama with factors of the embedding, the scores, what each half adds to the stream, and the logits. */
export const granite: ModelFamily = {
  architecture,
  models: 'Granite 3',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'granite',
    });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    const { attentionScale: scale, residualScale, ...factors } = readGraniteFactors(fields);
    return decoder(config, {
      norm,
      tied,
      ...factors,
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: attentionBias,
            outputBias: attentionBias,
            scale,
          }),
          mlp: gatedMlp(place, { activation, bias }),
          residualScale,
        }),
    });
  },
};

/** What a Granite multiplies: rows of the embedding, scores, what each half adds to the stream, logits. */
export function readGraniteFactors(fields: ConfigFields) {
  return {
    embeddingScale: fields.positive('embedding_multiplier', 1),
    attentionScale: fields.positive('attention_multiplier', 1),
    residualScale: fields.positive('residual_multiplier', 1),
    logitScale: 1 / fields.positive('logits_scaling', 1),
  };
}
