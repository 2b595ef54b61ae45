import { readDecoderConfig } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { qwenWindows } from './sliding-window.js';

/** Qwen2 with an RMSNorm on each head of q and k in the place of biases. */
export const qwen3: ModelFamily = {
  architecture: 'Qwen3ForCausalLM',
  readConfig: (fields) => {
    const attentionBias = fields.boolean('attention_bias', false);
    return readDecoderConfig(fields, {
      architecture: 'Qwen3ForCausalLM',
      modelType: 'qwen3',
      qkvBias: attentionBias,
      outputBias: attentionBias,
      mlpBias: false,
      qkNorm: true,
      layerWindows: qwenWindows(fields),
      moe: null,
      defaultHeadDim: 128,
    });
  },
  plan: decoderPlan,
};
