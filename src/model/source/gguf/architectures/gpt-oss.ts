import type { JsonObject } from '../../model-source.js';
import { decoder } from './decoder.js';

export const gptOss = decoder({
  name: 'gpt-oss',
  classes: ['GptOssForCausalLM'],
  layer: {
    'attn_sinks.weight': 'self_attn.sinks',
    post_attention_norm: 'post_attention_layernorm',
    ffn_gate_inp: 'mlp.router',
  },
  // Bounds of YaRN's ramp are not whole dimensions in its config.json; the file does not say so.
  config: ({ fields }, { rope_scaling: scaling }) => ({
    architectures: ['GptOssForCausalLM'],
    model_type: 'gpt_oss',
    rope_scaling: scaling === null ? null : { ...(scaling as JsonObject), truncate: false },
    intermediate_size: fields.number('gpt-oss.expert_feed_forward_length'),
    num_local_experts: fields.number('gpt-oss.expert_count'),
    num_experts_per_tok: fields.number('gpt-oss.expert_used_count'),
    sliding_window: fields.number('gpt-oss.attention.sliding_window'),
  }),
});
