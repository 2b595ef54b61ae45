import type { JsonObject } from '../../model-source.js';
import { AS_IT_IS, type GgufModel, type ModuleNames } from './architecture.js';
import { decoder } from './decoder.js';
import { hasPart, numHeads } from './sizes.js';

/** What checkpoints call the experts of DeepSeek and of those that followed it. */
export const DEEPSEEK_EXPERTS: ModuleNames = {
  'exp_probs_b.bias': 'mlp.gate.e_score_correction_bias',
  ffn_gate_shexp: 'mlp.shared_experts.gate_proj',
  ffn_up_shexp: 'mlp.shared_experts.up_proj',
  ffn_down_shexp: 'mlp.shared_experts.down_proj',
};

/** Who chooses them, and how many layers have none. */
export function deepseekExperts({ name, fields }: GgufModel): JsonObject {
  return {
    n_routed_experts: fields.number(`${name}.expert_count`),
    num_experts_per_tok: fields.number(`${name}.expert_used_count`),
    n_shared_experts: fields.numberOrNull(`${name}.expert_shared_count`) ?? 0,
    moe_intermediate_size: fields.number(`${name}.expert_feed_forward_length`),
    first_k_dense_replace: fields.numberOrNull(`${name}.leading_dense_block_count`) ?? 0,
    n_group: fields.numberOrNull(`${name}.expert_group_count`) ?? 1,
    topk_group: fields.numberOrNull(`${name}.expert_group_used_count`) ?? 1,
    routed_scaling_factor: fields.numberOrNull(`${name}.expert_weights_scale`) ?? 1,
    norm_topk_prob: fields.booleanOrNull(`${name}.expert_weights_norm`) ?? false,
  };
}

/** Latent attention. The matrix that makes k and v of the latent is in two tensors, that of k transposed, or in one. */
export const LATENT: ModuleNames = {
  attn_q_a: 'self_attn.q_a_proj',
  attn_q_a_norm: 'self_attn.q_a_layernorm',
  attn_q_b: 'self_attn.q_b_proj',
  attn_kv_a_mqa: 'self_attn.kv_a_proj_with_mqa',
  attn_kv_a_norm: 'self_attn.kv_a_layernorm',
  attn_kv_b: 'self_attn.kv_b_proj',
  attn_k_b: 'self_attn.kv_b_proj of k',
  attn_v_b: 'self_attn.kv_b_proj of v',
};

export function latentSizes(model: GgufModel): JsonObject & { readonly qk_nope_head_dim: number } {
  const { name, fields } = model;
  const length = (key: string): number | null =>
    fields.numberOrNull(`${name}.attention.${key}_length_mla`) ??
    fields.numberOrNull(`${name}.attention.${key}_length`);
  const turning = fields.number(`${name}.rope.dimension_count`);
  const ofKey = length('key') ?? fields.number(`${name}.attention.key_length`);
  return {
    num_key_value_heads: numHeads(model),
    q_lora_rank: fields.numberOrNull(`${name}.attention.q_lora_rank`),
    kv_lora_rank: fields.number(`${name}.attention.kv_lora_rank`),
    qk_rope_head_dim: turning,
    qk_nope_head_dim: ofKey - turning,
    v_head_dim: length('value') ?? outputWidth(model) / numHeads(model),
    attention_bias: hasPart(model, 'attn_kv_a_mqa.bias'),
  };
}

/** What the output of attention is made of. */
function outputWidth({ tensors }: GgufModel): number {
  return tensors.get('blk.0.attn_output.weight')?.shape.at(-1) ?? 0;
}

/**
 * DeepSeek-V2 and V3 and what is like them (GLM-4.7-Flash). A bias that corrects the choice of experts comes with V3's
 * scores.
 */
export const deepseek2 = decoder({
  name: 'deepseek2',
  classes: ['DeepseekV2ForCausalLM', 'DeepseekV3ForCausalLM', 'Glm4MoeLiteForCausalLM'],
  layer: { ...LATENT, ...DEEPSEEK_EXPERTS },
  turning: 'latent',
  config: (model, { rope_scaling: scaling }) => {
    const { fields } = model;
    const isV3 = hasPart(model, 'exp_probs_b.bias');
    const hasGroups = fields.has('deepseek2.expert_group_count');
    return {
      architectures: [isV3 ? 'DeepseekV3ForCausalLM' : 'DeepseekV2ForCausalLM'],
      model_type: isV3 ? 'deepseek_v3' : 'deepseek_v2',
      ...latentSizes(model),
      ...deepseekExperts(model),
      topk_method: isV3 || hasGroups ? 'group_limited_greedy' : 'greedy',
      rope_scaling: scaling === null ? null : { ...(scaling as JsonObject), ...magnitudes(model) },
    };
  },
  change: (name, model) =>
    name.endsWith('kv_b_proj of k.weight')
      ? { ...AS_IT_IS, turnedColumns: latentSizes(model).qk_nope_head_dim }
      : AS_IT_IS,
});

/** YaRN's `mscale_all_dim`, of which files have a tenth; `mscale` is the same in all models. */
function magnitudes({ name, fields }: GgufModel): JsonObject {
  const tenth = fields.numberOrNull(`${name}.rope.scaling.yarn_log_multiplier`) ?? 0;
  return { mscale: tenth * 10, mscale_all_dim: tenth * 10 };
}
