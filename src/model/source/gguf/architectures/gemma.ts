import { AS_IT_IS } from './architecture.js';
import { decoder, headDim } from './decoder.js';

/** Layers of Gemma 2 27B, whose scores alone are not scaled by the size of a head; the file does not say so. */
const LAYERS_OF_27B = 46;

/** Gains of norms are stored as they multiply: 1 more than transformers has them. */
export const gemma2 = decoder({
  name: 'gemma2',
  layer: {
    post_attention_norm: 'post_attention_layernorm',
    ffn_norm: 'pre_feedforward_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
  },
  config: (model) => {
    const { fields } = model;
    const is27b = fields.number('gemma2.block_count') === LAYERS_OF_27B;
    const width = fields.number('gemma2.embedding_length');
    const heads = fields.number('gemma2.attention.head_count');
    return {
      architectures: ['Gemma2ForCausalLM'],
      model_type: 'gemma2',
      query_pre_attn_scalar: is27b ? width / heads : headDim(model),
      sliding_window: fields.numberOrNull('gemma2.attention.sliding_window') ?? 4096,
      attn_logit_softcapping: fields.numberOrNull('gemma2.attn_logit_softcapping') ?? 50,
      final_logit_softcapping: fields.numberOrNull('gemma2.final_logit_softcapping') ?? 30,
    };
  },
  change: (name) => (/norm\.weight$/.test(name) ? { ...AS_IT_IS, plus: -1 } : AS_IT_IS),
});
