import { readDecoderConfig } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { noWindows } from './sliding-window.js';

/** Llama 2 and 3, and what was built after them: pre-norm, rotary embedding, gated MLP. */
export const llama: ModelFamily = {
  architecture: 'LlamaForCausalLM',
  readConfig: (fields) => {
    const attentionBias = fields.boolean('attention_bias', false);
    return readDecoderConfig(fields, {
      architecture: 'LlamaForCausalLM',
      modelType: 'llama',
      qkvBias: attentionBias,
      outputBias: attentionBias,
      mlpBias: fields.boolean('mlp_bias', false),
      qkNorm: false,
      layerWindows: noWindows(fields),
      moe: null,
      defaultHeadDim: null,
    });
  },
  plan: decoderPlan,
};
