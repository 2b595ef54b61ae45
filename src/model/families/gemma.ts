import { decoder } from './decoder.js';
import type { ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';

const architecture = 'GemmaForCausalLM';

/** Llama with wide heads, gains of norms that are stored less one, and an embedding that is scaled (arXiv 2403.08295). */
export const gemma: ModelFamily = {
  architecture,
  models: 'Gemma 1',
  read: (fields) => {
    const { config, norm, activation, tied } = readLlamaLike(fields, {
      architecture,
      modelType: 'gemma',
      defaultHeadDim: 256,
      activation: 'gelu_pytorch_tanh',
      tied: true,
    });
    const style = { ...norm, gainOffset: 1 };
    const bias = fields.boolean('attention_bias', false);
    return decoder(config, {
      norm: style,
      tied,
      embeddingScale: Math.sqrt(config.hiddenSize),
      layer: (place) =>
        preNorm(place, style, {
          attention: attention(place, { qkvBias: bias, outputBias: bias }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
