import { decoder } from './decoder.js';

export const qwen2 = decoder({
  name: 'qwen2',
  config: () => ({ architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' }),
});

export const qwen3 = decoder({
  name: 'qwen3',
  config: ({ tensors }) => ({
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    attention_bias: tensors.has('blk.0.attn_q.bias'),
  }),
});

/** Experts of a layer are one tensor of three dimensions. */
export const qwen2Moe = decoder({
  name: 'qwen2moe',
  config: ({ fields, tensors }) => {
    const rowsOf = (name: string): number | undefined => tensors.get(name)?.shape.at(-2);
    return {
      architectures: ['Qwen2MoeForCausalLM'],
      model_type: 'qwen2_moe',
      num_experts: fields.number('qwen2moe.expert_count'),
      num_experts_per_tok: fields.number('qwen2moe.expert_used_count'),
      moe_intermediate_size: rowsOf('blk.0.ffn_gate_exps.weight'),
      shared_expert_intermediate_size: rowsOf('blk.0.ffn_gate_shexp.weight'),
      norm_topk_prob: fields.booleanOrNull('qwen2moe.expert_weights_norm') ?? false,
    };
  },
});
