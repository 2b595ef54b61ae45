import { decoder } from './decoder.js';
import { headDim, rowsOfPart } from './sizes.js';

export const phi2 = decoder({
  name: 'phi2',
  classes: ['PhiForCausalLM'],
  outer: { output_norm: 'model.final_layernorm' },
  layer: { attn_output: 'self_attn.dense', ffn_up: 'mlp.fc1', ffn_down: 'mlp.fc2' },
  turning: 'share',
  config: (model) => {
    const { fields } = model;
    const rowsOfK = rowsOfPart(model, 'attn_k');
    return {
      architectures: ['PhiForCausalLM'],
      model_type: 'phi',
      // The file says four times the width, and as many heads of k as of q, whatever they are.
      intermediate_size: rowsOfPart(model, 'ffn_up'),
      ...(rowsOfK === undefined ? {} : { num_key_value_heads: rowsOfK / headDim(model) }),
      layer_norm_eps: fields.number('phi2.attention.layer_norm_epsilon'),
    };
  },
});

export const phi3 = decoder({
  name: 'phi3',
  classes: ['Phi3ForCausalLM'],
  layer: { attn_qkv: 'self_attn.qkv_proj', ffn_up: 'mlp.gate_up_proj' },
  turning: 'share',
  config: ({ fields }) => {
    const window = fields.numberOrNull('phi3.attention.sliding_window') ?? 0;
    return {
      architectures: ['Phi3ForCausalLM'],
      model_type: 'phi3',
      sliding_window: window > 0 ? window : null,
    };
  },
});

export const phimoe = decoder({
  name: 'phimoe',
  classes: ['PhimoeForCausalLM'],
  layer: {
    ffn_gate_inp: 'block_sparse_moe.gate',
    ffn_gate_exps: 'block_sparse_moe.experts.*.w1',
    ffn_up_exps: 'block_sparse_moe.experts.*.w3',
    ffn_down_exps: 'block_sparse_moe.experts.*.w2',
  },
  config: (model) => {
    const { fields, tensors } = model;
    const window = fields.numberOrNull('phimoe.attention.sliding_window') ?? 0;
    return {
      architectures: ['PhimoeForCausalLM'],
      model_type: 'phimoe',
      num_local_experts: fields.number('phimoe.expert_count'),
      num_experts_per_tok: fields.number('phimoe.expert_used_count'),
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      lm_head_bias: tensors.has('output.bias'),
      sliding_window: window > 0 ? window : null,
    };
  },
});
