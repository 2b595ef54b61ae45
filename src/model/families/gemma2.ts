import { readDecoderConfig, readGateActivation } from './decoder-config.js';
import { decoderPlan } from './decoder-plan.js';
import type { ModelFamily } from './family.js';
import { windowsByLayer } from './sliding-window.js';

/**
 * Llama with norms on both sides of attention and MLP, windows in every other layer, and soft caps on
 * scores and logits (arXiv 2408.00118). The defaults are those of transformers' Gemma2Config.
 */
export const gemma2: ModelFamily = {
  architecture: 'Gemma2ForCausalLM',
  readConfig: (fields) => {
    const attentionBias = fields.boolean('attention_bias', false);
    return readDecoderConfig(fields, {
      architecture: 'Gemma2ForCausalLM',
      modelType: 'gemma2',
      qkvBias: attentionBias,
      outputBias: attentionBias,
      mlpBias: false,
      qkNorm: false,
      layerWindows: windowsByLayer(
        fields,
        fields.size('sliding_window', 4096),
        (layer) => layer % 2 === 0,
      ),
      moe: null,
      defaultHeadDim: 256,
      normGainOffset: 1,
      tieWordEmbeddings: fields.boolean('tie_word_embeddings', true),
      // transformers rounds it to the dtype it computes in, which here is f32.
      embeddingScale: Math.sqrt(fields.size('hidden_size')),
      gateActivation: readGateActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh'),
      attentionScale: 1 / Math.sqrt(fields.positive('query_pre_attn_scalar', 256)),
      attentionSoftcap: fields.positiveOrNull('attn_logit_softcapping', 50),
      logitSoftcap: fields.positiveOrNull('final_logit_softcapping', 30),
    });
  },
  plan: (config) =>
    decoderPlan(config, {
      attentionOutput: 'post_attention_layernorm',
      beforeMlp: 'pre_feedforward_layernorm',
      mlpOutput: 'post_feedforward_layernorm',
    }),
};
