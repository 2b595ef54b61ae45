import { AS_IT_IS } from './architecture.js';
import { decoder, headDim } from './decoder.js';

const ROTATED = /self_attn\.[qk]_proj\./;

/**
 * Llama, Mistral and what is like them. Rows of q and k are stored as pairs, because ggml turns neighbours where
 * transformers turns the halves of a head.
 */
export const llama = decoder({
  name: 'llama',
  config: ({ fields, tensors }) => {
    if ((fields.numberOrNull('llama.expert_count') ?? 0) > 0) {
      fields.fail('llama with experts (Mixtral) is not supported');
    }
    const window = fields.numberOrNull('llama.attention.sliding_window');
    if (window !== null && window > 0) {
      return {
        architectures: ['MistralForCausalLM'],
        model_type: 'mistral',
        sliding_window: window,
      };
    }
    return {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      mlp_bias: tensors.has('blk.0.ffn_up.bias'),
    };
  },
  change: (name, model) =>
    ROTATED.test(name) ? { ...AS_IT_IS, pairedRows: headDim(model) } : AS_IT_IS,
});
