import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'GraniteForCausalLM';

/** Llama with factors of the embedding, the scores, what each half adds to the stream, and the logits. */
export const granite: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'granite' });
    const norm = rmsNorm(fields);
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    const activation = readActivation(fields);
    const scale = fields.positive('attention_multiplier', 1);
    const residualScale = fields.positive('residual_multiplier', 1);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      embeddingScale: fields.positive('embedding_multiplier', 1),
      logitScale: 1 / fields.positive('logits_scaling', 1),
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
