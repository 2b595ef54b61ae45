import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';
import { decoder } from './decoder.js';
import { hasPart, rowsOfPart } from './sizes.js';

const QWEN2: JsonObject = { architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' };

export const qwen2 = decoder({
  name: 'qwen2',
  classes: ['Qwen2ForCausalLM'],
  config: () => QWEN2,
});

/** The text of Qwen2-VL and Qwen2.5-VL: its tokens have the same place along all axes. */
export const qwen2Vl = decoder({
  name: 'qwen2vl',
  classes: ['Qwen2VLForConditionalGeneration', 'Qwen2_5_VLForConditionalGeneration'],
  config: () => QWEN2,
});

/** A reranker's file has the rows of yes and no in the place of the head, and may have no other. */
function qwen3Config(model: GgufModel): JsonObject {
  const isReranker = model.tensors.has('cls.output.weight');
  return {
    architectures: [isReranker ? 'Qwen3ForSequenceClassification' : 'Qwen3ForCausalLM'],
    model_type: 'qwen3',
    ...(isReranker ? { id2label: { 0: 'yes', 1: 'no' } } : {}),
    attention_bias: hasPart(model, 'attn_q.bias'),
  };
}

export const qwen3 = decoder({
  name: 'qwen3',
  outer: { 'cls.output': 'score' },
  classes: ['Qwen3ForCausalLM'],
  config: qwen3Config,
});

export const qwen3Vl = decoder({
  name: 'qwen3vl',
  outer: { 'cls.output': 'score' },
  classes: ['Qwen3VLForConditionalGeneration'],
  config: qwen3Config,
});

/** Experts of a layer are one tensor of three dimensions. */
export function expertConfig(model: GgufModel): JsonObject {
  const { name, fields } = model;
  return {
    num_experts: fields.number(`${name}.expert_count`),
    num_experts_per_tok: fields.number(`${name}.expert_used_count`),
    moe_intermediate_size:
      fields.numberOrNull(`${name}.expert_feed_forward_length`) ??
      rowsOfPart(model, 'ffn_gate_exps'),
    mlp_only_layers: denseLayers(model),
  };
}

/** Layers without experts. */
function denseLayers({ name, fields, tensors }: GgufModel): readonly number[] {
  const count = fields.count(`${name}.block_count`);
  return Array.from({ length: count }, (_, layer) => layer).filter((layer) =>
    tensors.has(`blk.${layer}.ffn_up.weight`),
  );
}

export const qwen2Moe = decoder({
  name: 'qwen2moe',
  classes: ['Qwen2MoeForCausalLM'],
  config: (model) => ({
    architectures: ['Qwen2MoeForCausalLM'],
    model_type: 'qwen2_moe',
    ...expertConfig(model),
    shared_expert_intermediate_size: rowsOfPart(model, 'ffn_gate_shexp'),
    norm_topk_prob: model.fields.booleanOrNull('qwen2moe.expert_weights_norm') ?? false,
  }),
});

/** Weights of the chosen experts are divided by their sum, whatever the file says. */
export const qwen3Moe = decoder({
  name: 'qwen3moe',
  classes: ['Qwen3MoeForCausalLM'],
  config: (model) => ({
    architectures: ['Qwen3MoeForCausalLM'],
    model_type: 'qwen3_moe',
    attention_bias: hasPart(model, 'attn_q.bias'),
    ...expertConfig(model),
    norm_topk_prob: true,
  }),
});
