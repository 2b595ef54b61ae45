import { readDecoderConfig } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { qwenWindows } from './sliding-window.js';

/** Llama with biases on q, k and v, and windows in the upper layers if switched on. */
export const qwen2: ModelFamily = {
  architecture: 'Qwen2ForCausalLM',
  readConfig: (fields) =>
    readDecoderConfig(fields, {
      architecture: 'Qwen2ForCausalLM',
      modelType: 'qwen2',
      qkvBias: true,
      outputBias: false,
      mlpBias: false,
      qkNorm: false,
      layerWindows: qwenWindows(fields),
      moe: null,
      defaultHeadDim: null,
    }),
  plan: decoderPlan,
};
