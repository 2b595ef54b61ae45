import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { qwenWindows } from './sliding-window.js';

const architecture = 'Qwen3ForCausalLM';

/** Qwen2 with an RMSNorm on each head of q and k in the place of biases. */
export const qwen3: ModelFamily = {
  architecture,
  models: 'Qwen3',
  read: (fields) => readQwen3(fields, architecture),
};

/** Its network, whatever the model is called that has it. */
export function readQwen3(fields: ConfigFields, architecture: string): DecoderModel {
  const { config, norm, activation, tied } = readLlamaLike(fields, {
    architecture,
    modelType: 'qwen3',
    defaultHeadDim: 128,
  });
  const bias = fields.boolean('attention_bias', false);
  const windows = qwenWindows(fields);
  return decoder(config, {
    norm,
    tied,
    layer: (place) =>
      preNorm(place, norm, {
        attention: attention(place, {
          qkvBias: bias,
          outputBias: bias,
          headNorm: { ...norm, over: 'head' },
          window: windows[place.index] ?? null,
        }),
        mlp: gatedMlp(place, { activation }),
      }),
  });
}
