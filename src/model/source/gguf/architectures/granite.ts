import type { JsonObject } from '../../model-source.js';
import type { GgufModel, ModuleNames } from './architecture.js';
import { decoder, pairedHeads } from './decoder.js';
import { attendingLayers, hasPart, headDim, rowsOfPart } from './sizes.js';

const EXPERTS: ModuleNames = {
  ffn_gate_inp: 'block_sparse_moe.router.layer',
  ffn_gate_exps: 'block_sparse_moe.experts.*.gate_proj',
  ffn_up_exps: 'block_sparse_moe.experts.*.up_proj',
  ffn_down_exps: 'block_sparse_moe.experts.*.down_proj',
};

/** The MLP that all tokens take, with experts beside it or without. */
const SHARED: ModuleNames = {
  ffn_gate: 'shared_mlp.gate_proj',
  ffn_up: 'shared_mlp.up_proj',
  ffn_down: 'shared_mlp.output_linear',
  ffn_gate_shexp: 'shared_mlp.gate_proj',
  ffn_up_shexp: 'shared_mlp.up_proj',
  ffn_down_shexp: 'shared_mlp.output_linear',
};

/** Names of the tensors of a Mamba-2 mixer, whose module this is. */
export function mamba2Names(module: string): ModuleNames {
  return {
    ssm_in: `${module}.in_proj`,
    ssm_conv1d: `${module}.conv1d`,
    ssm_a: `${module}.A_log`,
    ssm_d: `${module}.D`,
    'ssm_dt.bias': `${module}.dt_bias`,
    ssm_norm: `${module}.norm`,
    ssm_out: `${module}.out_proj`,
  };
}

/** What a file says of Mamba-2 mixers, with the width of the heads of all. */
export function mamba2Sizes(model: GgufModel) {
  const { name, fields } = model;
  const heads = fields.number(`${name}.ssm.time_step_rank`);
  return {
    mamba_n_heads: heads,
    mamba_d_head: fields.number(`${name}.ssm.inner_size`) / heads,
    mamba_d_state: fields.number(`${name}.ssm.state_size`),
    mamba_n_groups: fields.number(`${name}.ssm.group_count`),
    mamba_d_conv: fields.number(`${name}.ssm.conv_kernel`),
    mamba_conv_bias: hasPart(model, 'ssm_conv1d.bias'),
    mamba_proj_bias: hasPart(model, 'ssm_in.bias'),
  };
}

function factors(model: GgufModel): JsonObject {
  const { name, fields } = model;
  const factor = (key: string): number => fields.numberOrNull(`${name}.${key}`) ?? 1;
  return {
    embedding_multiplier: factor('embedding_scale'),
    residual_multiplier: factor('residual_scale'),
    logits_scaling: factor('logit_scale'),
    attention_multiplier:
      fields.numberOrNull(`${name}.attention.scale`) ?? 1 / Math.sqrt(headDim(model)),
    attention_bias: hasPart(model, 'attn_q.bias'),
  };
}

export const granite = decoder({
  name: 'granite',
  classes: ['GraniteForCausalLM'],
  config: (model) => ({
    architectures: ['GraniteForCausalLM'],
    model_type: 'granite',
    ...factors(model),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  }),
  change: pairedHeads,
});

function expertSizes({ name, fields }: GgufModel): JsonObject {
  return {
    num_local_experts: fields.numberOrNull(`${name}.expert_count`) ?? 0,
    num_experts_per_tok: fields.numberOrNull(`${name}.expert_used_count`) ?? 0,
  };
}

/** One with experts that all tokens take as well is Granite 4's network without its mixers. */
export const graniteMoe = decoder({
  name: 'granitemoe',
  classes: ['GraniteMoeForCausalLM'],
  layer: { ...EXPERTS, ...SHARED },
  config: (model) => {
    const shared = rowsOfPart(model, 'ffn_gate_shexp');
    const own =
      shared === undefined
        ? { architectures: ['GraniteMoeForCausalLM'], model_type: 'granitemoe' }
        : {
            architectures: ['GraniteMoeHybridForCausalLM'],
            model_type: 'granitemoehybrid',
            position_embedding_type: 'rope',
            shared_intermediate_size: shared,
            layer_types: attendingLayers(model).map(() => 'attention'),
          };
    return { ...own, ...factors(model), ...expertSizes(model) };
  },
  change: pairedHeads,
});

const HYBRID: ModuleNames = { ...EXPERTS, ...SHARED, ...mamba2Names('mamba') };

export const graniteHybrid = decoder({
  name: 'granitehybrid',
  classes: ['GraniteMoeHybridForCausalLM'],
  layer: HYBRID,
  config: (model) => {
    const { fields } = model;
    const rotates = fields.booleanOrNull('granitehybrid.rope.scaling.finetuned') ?? false;
    return {
      architectures: ['GraniteMoeHybridForCausalLM'],
      model_type: 'granitemoehybrid',
      ...factors(model),
      ...expertSizes(model),
      ...mamba2Sizes(model),
      mamba_expand:
        fields.number('granitehybrid.ssm.inner_size') /
        fields.number('granitehybrid.embedding_length'),
      shared_intermediate_size:
        rowsOfPart(model, 'ffn_gate_shexp') ?? rowsOfPart(model, 'ffn_gate'),
      position_embedding_type: rotates ? 'rope' : 'nope',
      layer_types: attendingLayers(model).map((attends) => (attends ? 'attention' : 'mamba')),
    };
  },
  change: (name, model) =>
    name.endsWith('.A_log')
      ? { pairedRows: null, plus: 0, isLogOfNegative: true }
      : pairedHeads(name, model),
});
