import { DEEPSEEK_EXPERTS, deepseekExperts } from './deepseek.js';
import { decoder } from './decoder.js';
import { hasPart, rowsOfPart } from './sizes.js';

/** ChatGLM 2 and 3, glm-4-9b-chat and GLM-Edge: one network. */
export const chatglm = decoder({
  name: 'chatglm',
  classes: ['ChatGLMModel', 'ChatGLMForConditionalGeneration', 'GlmForCausalLM'],
  layer: { ffn_up: 'mlp.gate_up_proj' },
  turning: 'share',
  config: (model) => ({
    architectures: ['GlmForCausalLM'],
    model_type: 'glm',
    attention_bias: hasPart(model, 'attn_qkv.bias') || hasPart(model, 'attn_q.bias'),
    intermediate_size: (rowsOfPart(model, 'ffn_up') ?? 0) / 2,
  }),
});

export const glm4 = decoder({
  name: 'glm4',
  classes: ['Glm4ForCausalLM'],
  layer: {
    ffn_up: 'mlp.gate_up_proj',
    post_attention_norm: 'post_self_attn_layernorm',
    post_ffw_norm: 'post_mlp_layernorm',
  },
  turning: 'share',
  config: (model) => ({
    architectures: ['Glm4ForCausalLM'],
    model_type: 'glm4',
    attention_bias: hasPart(model, 'attn_q.bias'),
  }),
});

export const glm4Moe = decoder({
  name: 'glm4moe',
  classes: ['Glm4MoeForCausalLM'],
  layer: {
    post_attention_norm: 'post_attention_layernorm',
    ...DEEPSEEK_EXPERTS,
  },
  turning: 'share',
  config: (model) => ({
    architectures: ['Glm4MoeForCausalLM'],
    model_type: 'glm4_moe',
    attention_bias: hasPart(model, 'attn_q.bias'),
    use_qk_norm: hasPart(model, 'attn_q_norm.weight'),
    ...deepseekExperts(model),
  }),
});
