import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { qwenWindows } from './sliding-window.js';

const architecture = 'Qwen3ForCausalLM';

/** Qwen2 with an RMSNorm on each head of q and k in the place of biases. */
export const qwen3: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'qwen3', defaultHeadDim: 128 });
    const norm = rmsNorm(fields);
    const bias = fields.boolean('attention_bias', false);
    const activation = readActivation(fields);
    const windows = qwenWindows(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
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
  },
};
