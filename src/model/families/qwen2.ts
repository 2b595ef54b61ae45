import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { qwenWindows } from './sliding-window.js';

const architecture = 'Qwen2ForCausalLM';

/** Llama with biases on q, k and v, and windows in the upper layers if switched on. */
export const qwen2: ModelFamily = {
  architecture,
  read: (fields) => {
    refusePartialRotary(fields);
    const config = readSizes(fields, { architecture, modelType: 'qwen2' });
    const norm = rmsNorm(fields);
    const activation = readActivation(fields);
    const windows = qwenWindows(fields);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias: true, window: windows[place.index] ?? null }),
          mlp: gatedMlp(place, { activation }),
        }),
    });
  },
};
