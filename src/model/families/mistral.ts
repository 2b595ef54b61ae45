import { readDecoderConfig } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { sameWindow } from './sliding-window.js';

/** Llama with one sliding window in all layers (arXiv 2310.06825); `sliding_window: null` = none. */
export const mistral: ModelFamily = {
  architecture: 'MistralForCausalLM',
  readConfig: (fields) =>
    readDecoderConfig(fields, {
      architecture: 'MistralForCausalLM',
      modelType: 'mistral',
      qkvBias: false,
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      layerWindows: sameWindow(
        fields,
        fields.has('sliding_window') ? fields.size('sliding_window') : null,
      ),
      moe: null,
      defaultHeadDim: null,
    }),
  plan: decoderPlan,
};
