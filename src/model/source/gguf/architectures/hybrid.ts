/** Decoders that keep a recurrent state, but for those of Granite's and Qwen's kind. */
import type { JsonObject } from '../../model-source.js';
import { AS_IT_IS, type GgufModel, type ModuleNames, type TensorChange } from './architecture.js';
import { decoder, type DecoderTraits } from './decoder.js';
import { deepseekExperts } from './deepseek.js';
import { mamba2Names, mamba2Sizes } from './granite.js';
import { attendingLayers, epsilon, hasPart, rowsOfPart } from './sizes.js';

/** A is stored as it multiplies. */
function plainA(name: string): TensorChange {
  return name.endsWith('.A_log') ? { ...AS_IT_IS, isLogOfNegative: true } : AS_IT_IS;
}

const LFM2_LAYER: ModuleNames = {
  attn_norm: 'operator_norm',
  attn_q_norm: 'self_attn.q_layernorm',
  attn_k_norm: 'self_attn.k_layernorm',
  attn_output: 'self_attn.out_proj',
  'shortconv.conv': 'conv.conv',
  'shortconv.in_proj': 'conv.in_proj',
  'shortconv.out_proj': 'conv.out_proj',
  ffn_norm: 'ffn_norm',
  ffn_gate: 'feed_forward.w1',
  ffn_up: 'feed_forward.w3',
  ffn_down: 'feed_forward.w2',
};

/** The last norm has the name of one behind the embedding in older files. */
const LFM2_OUTER: ModuleNames = {
  token_embd_norm: 'model.embedding_norm',
  output_norm: 'model.embedding_norm',
};

function lfm2Config(model: GgufModel): JsonObject {
  return {
    norm_eps: epsilon(model),
    conv_L_cache: model.fields.number(`${model.name}.shortconv.l_cache`),
    conv_bias: hasPart(model, 'shortconv.conv.bias'),
    block_auto_adjust_ff_dim: false,
    layer_types: attendingLayers(model).map((attends) => (attends ? 'full_attention' : 'conv')),
  };
}

export const lfm2 = decoder({
  name: 'lfm2',
  classes: ['Lfm2ForCausalLM'],
  outer: LFM2_OUTER,
  layer: LFM2_LAYER,
  config: (model) => ({
    architectures: ['Lfm2ForCausalLM'],
    model_type: 'lfm2',
    ...lfm2Config(model),
  }),
});

export const lfm2Moe = decoder({
  name: 'lfm2moe',
  classes: ['Lfm2MoeForCausalLM'],
  outer: LFM2_OUTER,
  layer: {
    ...LFM2_LAYER,
    ffn_gate_inp: 'feed_forward.gate',
    'exp_probs_b.bias': 'feed_forward.expert_bias',
    ffn_gate_exps: 'feed_forward.experts.*.w1',
    ffn_up_exps: 'feed_forward.experts.*.w3',
    ffn_down_exps: 'feed_forward.experts.*.w2',
  },
  config: (model) => {
    const { fields } = model;
    return {
      architectures: ['Lfm2MoeForCausalLM'],
      model_type: 'lfm2_moe',
      ...lfm2Config(model),
      num_experts: fields.number('lfm2moe.expert_count'),
      num_experts_per_tok: fields.number('lfm2moe.expert_used_count'),
      moe_intermediate_size: fields.number('lfm2moe.expert_feed_forward_length'),
      num_dense_layers: fields.number('lfm2moe.leading_dense_block_count'),
      use_expert_bias: hasPart(model, 'exp_probs_b.bias'),
      routed_scaling_factor: fields.numberOrNull('lfm2moe.expert_weights_scale') ?? 1,
    };
  },
});

/** What Bamba's twins call the norms of a layer, and its MLP. */
const BAMBA: ModuleNames = {
  ffn_norm: 'pre_ff_layernorm',
  ffn_gate: 'feed_forward.gate_proj',
  ffn_up: 'feed_forward.up_proj',
  ffn_down: 'feed_forward.down_proj',
};

/** Its factors are in the weights. */
export const falconH1 = decoder({
  name: 'falcon-h1',
  classes: ['FalconH1ForCausalLM'],
  outer: { output_norm: 'model.final_layernorm' },
  layer: { ...BAMBA, ffn_norm: 'pre_ff_layernorm.weight', ...mamba2Names('mamba') },
  config: (model) => ({
    architectures: ['FalconH1ForCausalLM'],
    model_type: 'falcon_h1',
    ...mamba2Sizes(model),
    mamba_d_ssm: model.fields.number('falcon-h1.ssm.inner_size'),
    mamba_rms_norm: hasPart(model, 'ssm_norm.weight'),
    mamba_norm_before_gate: false,
    projectors_bias: hasPart(model, 'ssm_out.bias'),
  }),
  change: plainA,
});

const NEMOTRON_H: Omit<DecoderTraits, 'name' | 'classes' | 'config'> = {
  outer: { token_embd: 'backbone.embeddings', output_norm: 'backbone.norm_f' },
  layerPrefix: 'backbone.layers.',
  layer: {
    attn_norm: 'norm',
    attn_q: 'mixer.q_proj',
    attn_k: 'mixer.k_proj',
    attn_v: 'mixer.v_proj',
    attn_output: 'mixer.o_proj',
    ffn_up: 'mixer.up_proj',
    ffn_down: 'mixer.down_proj',
    ffn_gate_inp: 'mixer.gate',
    'exp_probs_b.bias': 'mixer.gate.e_score_correction_bias',
    ffn_up_exps: 'mixer.experts.*.up_proj',
    ffn_down_exps: 'mixer.experts.*.down_proj',
    ffn_up_shexp: 'mixer.shared_experts.up_proj',
    ffn_down_shexp: 'mixer.shared_experts.down_proj',
    ffn_latent_down: 'mixer.fc1_latent_proj',
    ffn_latent_up: 'mixer.fc2_latent_proj',
    ...mamba2Names('mixer'),
  },
  turning: 'none',
  change: plainA,
};

/** A layer is what it has tensors of. */
function nemotronConfig(model: GgufModel): JsonObject {
  const { name, fields, tensors } = model;
  const sizes = mamba2Sizes(model);
  const kindOf = (attends: boolean, layer: number): string => {
    if (attends) return '*';
    if (tensors.has(`blk.${layer}.ffn_gate_inp.weight`)) return 'E';
    return tensors.has(`blk.${layer}.ffn_up.weight`) ? '-' : 'M';
  };
  return {
    architectures: ['NemotronHForCausalLM'],
    model_type: 'nemotron_h',
    layer_norm_epsilon:
      fields.numberOrNull(`${name}.attention.layer_norm_epsilon`) ?? epsilon(model),
    intermediate_size: rowsOfPart(model, 'ffn_up') ?? rowsOfPart(model, 'ffn_up_shexp'),
    hybrid_override_pattern: attendingLayers(model).map(kindOf).join(''),
    mamba_num_heads: sizes.mamba_n_heads,
    mamba_head_dim: sizes.mamba_d_head,
    ssm_state_size: sizes.mamba_d_state,
    n_groups: sizes.mamba_n_groups,
    conv_kernel: sizes.mamba_d_conv,
    use_conv_bias: sizes.mamba_conv_bias,
    use_bias: sizes.mamba_proj_bias,
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  };
}

export const nemotronH = decoder({
  name: 'nemotron_h',
  classes: ['NemotronHForCausalLM'],
  ...NEMOTRON_H,
  config: nemotronConfig,
});

/** With experts in the place of some MLPs, which may read a narrower stream. */
export const nemotronHMoe = decoder({
  name: 'nemotron_h_moe',
  classes: ['NemotronHForCausalLM'],
  ...NEMOTRON_H,
  config: (model) => ({
    ...nemotronConfig(model),
    ...deepseekExperts(model),
    moe_shared_expert_intermediate_size: rowsOfPart(model, 'ffn_up_shexp'),
    moe_latent_size: rowsOfPart(model, 'ffn_latent_down'),
  }),
});

export const jamba = decoder({
  name: 'jamba',
  classes: ['JambaForCausalLM'],
  outer: { output_norm: 'model.final_layernorm' },
  layer: {
    ...BAMBA,
    ffn_gate_inp: 'feed_forward.router',
    ffn_gate_exps: 'feed_forward.experts.*.gate_proj',
    ffn_up_exps: 'feed_forward.experts.*.up_proj',
    ffn_down_exps: 'feed_forward.experts.*.down_proj',
    ...mamba2Names('mamba'),
    'ssm_dt.bias': 'mamba.dt_proj.bias',
    ssm_dt: 'mamba.dt_proj',
    ssm_x: 'mamba.x_proj',
    ssm_dt_norm: 'mamba.dt_layernorm',
    ssm_b_norm: 'mamba.b_layernorm',
    ssm_c_norm: 'mamba.c_layernorm',
  },
  turning: 'none',
  config: (model) => {
    const { fields, tensors } = model;
    const attends = attendingLayers(model);
    const routes = attends.map((_, layer) => tensors.has(`blk.${layer}.ffn_gate_inp.weight`));
    const inner = fields.number('jamba.ssm.inner_size');
    const numExperts = fields.numberOrNull('jamba.expert_count') ?? 0;
    return {
      architectures: ['JambaForCausalLM'],
      model_type: 'jamba',
      ...every(model, 'attn_layer', attends),
      ...every(model, 'expert_layer', routes),
      num_experts: numExperts > 0 ? numExperts : 1,
      num_experts_per_tok: fields.numberOrNull('jamba.expert_used_count') ?? 1,
      mamba_expand: inner / fields.number('jamba.embedding_length'),
      mamba_d_state: fields.number('jamba.ssm.state_size'),
      mamba_d_conv: fields.number('jamba.ssm.conv_kernel'),
      mamba_dt_rank: fields.number('jamba.ssm.time_step_rank'),
      mamba_conv_bias: hasPart(model, 'ssm_conv1d.bias'),
      mamba_proj_bias: hasPart(model, 'ssm_in.bias'),
    };
  },
  change: plainA,
});

/** Layers of a kind, as config.json counts them; a period beyond the last layer where there is one of them, or none. */
function every({ fields }: GgufModel, name: string, layers: readonly boolean[]) {
  const offset = Math.max(0, layers.indexOf(true));
  const next = layers.indexOf(true, offset + 1);
  const period = next < 0 ? layers.length + 1 : next - offset;
  const first = offset % period;
  const isSo = layers.every((is, layer) => is === (layer % period === first));
  if (!isSo && layers.includes(true)) {
    fields.fail(
      `layers of a kind that do not come at regular distances ("${name}_period") are not supported`,
    );
  }
  return { [`${name}_period`]: period, [`${name}_offset`]: first };
}
