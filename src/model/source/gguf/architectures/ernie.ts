import { decoder } from './decoder.js';
import { hasPart } from './sizes.js';

export const ernie45 = decoder({
  name: 'ernie4_5',
  classes: ['Ernie4_5ForCausalLM'],
  config: (model) => ({
    architectures: ['Ernie4_5ForCausalLM'],
    model_type: 'ernie4_5',
    use_bias: hasPart(model, 'attn_q.bias'),
  }),
});

export const ernie45Moe = decoder({
  name: 'ernie4_5-moe',
  classes: ['Ernie4_5_MoeForCausalLM'],
  layer: {
    'exp_probs_b.bias': 'mlp.moe_statics.e_score_correction_bias',
    ffn_gate_shexp: 'mlp.shared_experts.gate_proj',
    ffn_up_shexp: 'mlp.shared_experts.up_proj',
    ffn_down_shexp: 'mlp.shared_experts.down_proj',
  },
  config: (model) => {
    const { fields } = model;
    const key = 'ernie4_5-moe';
    return {
      architectures: ['Ernie4_5_MoeForCausalLM'],
      model_type: 'ernie4_5_moe',
      use_bias: hasPart(model, 'attn_q.bias'),
      moe_num_experts: fields.number(`${key}.expert_count`),
      moe_k: fields.number(`${key}.expert_used_count`),
      moe_num_shared_experts: fields.numberOrNull(`${key}.expert_shared_count`) ?? 0,
      moe_intermediate_size: fields.number(`${key}.expert_feed_forward_length`),
      moe_layer_start_index: fields.numberOrNull(`${key}.leading_dense_block_count`) ?? 0,
      moe_layer_interval: fields.numberOrNull(`${key}.interleave_moe_layer_step`) ?? 1,
    };
  },
});
