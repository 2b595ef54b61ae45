import type { ConfigFields } from './config-fields.js';
import { decoder } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { readLlamaLike } from './llama-like.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { qwenWindows } from './sliding-window.js';

const architecture = 'Qwen2ForCausalLM';

/** Llama with biases on q, k and v, and windows in the upper layers if switched on. */
export const qwen2: ModelFamily = {
  architecture,
  models: 'Qwen2, Qwen2.5, DeepSeek-R1-Distill-Qwen',
  read: (fields) => readQwen2(fields, architecture),
};

/** Its network, whatever the model is called that has it. */
export function readQwen2(fields: ConfigFields, architecture: string): DecoderModel {
  const { config, norm, activation, tied } = readLlamaLike(fields, {
    architecture,
    modelType: fields.text('model_type', 'qwen2'),
  });
  const windows = qwenWindows(fields);
  return decoder(config, {
    norm,
    tied,
    layer: (place) =>
      preNorm(place, norm, {
        attention: attention(place, { qkvBias: true, window: windows[place.index] ?? null }),
        mlp: gatedMlp(place, { activation }),
      }),
  });
}
