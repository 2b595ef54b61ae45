/** Qwen's hybrids, whose gated delta nets are between layers of attention. */
import type { RunOrder } from '../../../weights/packing.js';
import type { JsonObject } from '../../model-source.js';
import {
  AS_IT_IS,
  type GgufModel,
  type ModuleNames,
  type RowsOfPart,
  type TensorChange,
} from './architecture.js';
import { decoder, gainsFromOne } from './decoder.js';
import { expertConfig } from './qwen.js';
import { hasPart, rowsOfPart } from './sizes.js';

const NET: ModuleNames = {
  post_attention_norm: 'post_attention_layernorm',
  ssm_conv1d: 'linear_attn.conv1d',
  ssm_a: 'linear_attn.A_log',
  'ssm_dt.bias': 'linear_attn.dt_bias',
  ssm_norm: 'linear_attn.norm',
  ssm_out: 'linear_attn.out_proj',
};

interface NetSizes {
  readonly numKeyHeads: number;
  readonly numValueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
}

function netSizes({ name, fields }: GgufModel): NetSizes {
  const numValueHeads = fields.number(`${name}.ssm.time_step_rank`);
  return {
    numKeyHeads: fields.number(`${name}.ssm.group_count`),
    numValueHeads,
    keyDim: fields.number(`${name}.ssm.state_size`),
    valueDim: fields.number(`${name}.ssm.inner_size`) / numValueHeads,
  };
}

function netConfig(model: GgufModel): JsonObject {
  const { name, fields } = model;
  const { numKeyHeads, numValueHeads, keyDim, valueDim } = netSizes(model);
  const count = fields.count(`${name}.block_count`);
  const listed = fields.flagsOrNull(`${name}.attention.recurrent_layers`, count);
  const interval = fields.numberOrNull(`${name}.full_attention_interval`) ?? 4;
  const ahead = fields.numberOrNull(`${name}.nextn_predict_layers`) ?? 0;
  const types = Array.from({ length: count }, (_, layer) => {
    const isNet = listed === null ? (layer + 1) % interval !== 0 : listed[layer] === true;
    return isNet ? 'linear_attention' : 'full_attention';
  });
  return {
    attention_bias: hasPart(model, 'attn_q.bias'),
    linear_num_key_heads: numKeyHeads,
    linear_num_value_heads: numValueHeads,
    linear_key_head_dim: keyDim,
    linear_value_head_dim: valueDim,
    linear_conv_kernel_dim: fields.number(`${name}.ssm.conv_kernel`),
    layer_types: types.slice(0, count - ahead),
  };
}

/** A is stored as it multiplies, and gains of norms too, but for that of the nets. */
function netChange(name: string): TensorChange {
  if (name.endsWith('.A_log')) return { ...AS_IT_IS, isLogOfNegative: true };
  return name.endsWith('linear_attn.norm.weight') ? AS_IT_IS : gainsFromOne(name);
}

export const qwen3Next = decoder({
  name: 'qwen3next',
  classes: ['Qwen3NextForCausalLM'],
  layer: {
    ...NET,
    net_q: 'linear_attn.in_proj_qkvz q',
    net_k: 'linear_attn.in_proj_qkvz k',
    net_v: 'linear_attn.in_proj_qkvz v',
    attn_gate: 'linear_attn.in_proj_qkvz z',
    ssm_ba: 'linear_attn.in_proj_ba',
  },
  turning: 'share',
  split: (part, model) => (part === 'attn_qkv' ? netRows(model) : null),
  config: (model) => ({
    architectures: ['Qwen3NextForCausalLM'],
    model_type: 'qwen3_next',
    ...netConfig(model),
    ...expertConfig(model),
    shared_expert_intermediate_size: rowsOfPart(model, 'ffn_gate_shexp'),
    norm_topk_prob: true,
  }),
  change: netChange,
});

function netRows(model: GgufModel): readonly RowsOfPart[] {
  const { numKeyHeads, numValueHeads, keyDim, valueDim } = netSizes(model);
  return [
    { part: 'net_q', rows: numKeyHeads * keyDim },
    { part: 'net_k', rows: numKeyHeads * keyDim },
    { part: 'net_v', rows: numValueHeads * valueDim },
  ];
}

/** Heads of values take turns: first those that each key has first. Transformers has those of a key together. */
export const qwen35 = decoder({
  name: 'qwen35',
  classes: ['Qwen3_5ForCausalLM', 'Qwen3_5ForConditionalGeneration'],
  layer: {
    ...NET,
    attn_qkv: 'linear_attn.in_proj_qkv',
    attn_gate: 'linear_attn.in_proj_z',
    ssm_beta: 'linear_attn.in_proj_b',
    ssm_alpha: 'linear_attn.in_proj_a',
  },
  turning: 'share',
  config: (model) => ({
    architectures: ['Qwen3_5ForCausalLM'],
    model_type: 'qwen3_5_text',
    ...netConfig(model),
  }),
  change: (name, model) => ({ ...netChange(name), ...valueHeads(name, netSizes(model)) }),
});

function valueHeads(name: string, sizes: NetSizes): Partial<TensorChange> {
  const { numKeyHeads, numValueHeads, keyDim, valueDim } = sizes;
  if (numKeyHeads === numValueHeads) return {};
  const ofHeads = { run: valueDim, order: turns(sizes) };
  if (name.endsWith('linear_attn.out_proj.weight')) return { columnRuns: ofHeads };
  if (name.endsWith('linear_attn.in_proj_z.weight')) return { rowRuns: ofHeads };
  if (/linear_attn\.(in_proj_[ab]\.weight|A_log|dt_bias)$/.test(name)) {
    return { rowRuns: { run: 1, order: turns(sizes) } };
  }
  if (/linear_attn\.(in_proj_qkv|conv1d)\.weight$/.test(name)) {
    return { rowRuns: behind(2 * numKeyHeads * keyDim, ofHeads) };
  }
  return {};
}

/** Where each head of values is stored. */
function turns({ numKeyHeads, numValueHeads }: NetSizes): readonly number[] {
  const group = numValueHeads / numKeyHeads;
  return Array.from(
    { length: numValueHeads },
    (_, head) => (head % group) * numKeyHeads + Math.floor(head / group),
  );
}

/** The same runs behind so many rows that lie in their order. */
function behind(rows: number, { run, order }: RunOrder): RunOrder {
  const step = commonDivisor(rows, run);
  const [before, parts] = [rows / step, run / step];
  return {
    run: step,
    order: [
      ...Array.from({ length: before }, (_, at) => at),
      ...order.flatMap((from) =>
        Array.from({ length: parts }, (_, part) => before + from * parts + part),
      ),
    ],
  };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
