import type { JsonObject } from '../../model-source.js';
import type { GgufArchitecture, GgufModel } from './architecture.js';
import { decoder, OUTPUT_NORMS } from './decoder.js';
import { epsilon, hasPart, numHeads } from './sizes.js';
import { layerTypes } from './windows.js';

const NAME = 'gemma4';

const tables = decoder({
  name: NAME,
  classes: ['Gemma4ForCausalLM', 'Gemma4ForConditionalGeneration'],
  outer: {
    per_layer_token_embd: 'model.embed_tokens_per_layer',
    per_layer_model_proj: 'model.per_layer_model_projection',
    per_layer_proj_norm: 'model.per_layer_projection_norm',
  },
  layer: {
    ...OUTPUT_NORMS,
    ffn_norm: 'pre_feedforward_layernorm',
    'layer_output_scale.weight': 'layer_scalar',
    inp_gate: 'per_layer_input_gate',
    proj: 'per_layer_projection',
    post_norm: 'post_per_layer_input_norm',
    ffn_gate_inp: 'router.proj',
    'ffn_gate_inp.scale': 'router.scale',
    'ffn_down_exps.scale': 'router.per_expert_scale',
    ffn_gate_exps: 'experts.*.gate_proj',
    ffn_up_exps: 'experts.*.up_proj',
    ffn_down_exps: 'experts.*.down_proj',
    pre_ffw_norm_2: 'pre_feedforward_layernorm_2',
    post_ffw_norm_1: 'post_feedforward_layernorm_1',
    post_ffw_norm_2: 'post_feedforward_layernorm_2',
  },
  config: () => ({}),
});

/** Layers without a window have heads of their own size and number, a part of which turns. */
export const gemma4: GgufArchitecture = { ...tables, config: gemma4Config };

async function gemma4Config(model: GgufModel): Promise<JsonObject> {
  const { fields, tensors } = model;
  const number = (key: string): number => fields.number(`${NAME}.${key}`);
  const count = fields.count(`${NAME}.block_count`);
  const types = layerTypes(model, 6);
  const heads = fields.byLayer(`${NAME}.attention.head_count_kv`, count);
  const widths = fields.byLayer(`${NAME}.feed_forward_length`, count);
  const ofWhole = types.indexOf('full_attention');
  const ofWindow = types.indexOf('sliding_attention');
  const firstShared = count - (fields.numberOrNull(`${NAME}.attention.shared_kv_layers`) ?? 0);
  const takesKeys = types.some(
    (type, layer) =>
      type === 'full_attention' &&
      layer < firstShared &&
      !tensors.has(`blk.${layer}.attn_v.weight`),
  );
  const width = Math.min(...widths);
  return {
    architectures: ['Gemma4ForCausalLM'],
    model_type: 'gemma4_text',
    hidden_size: number('embedding_length'),
    intermediate_size: width,
    use_double_wide_mlp: widths.some((own) => own === 2 * width),
    num_hidden_layers: count,
    num_attention_heads: numHeads(model),
    num_key_value_heads: heads[ofWindow] ?? heads[ofWhole],
    num_global_key_value_heads: heads[ofWhole],
    head_dim: number('attention.key_length_swa'),
    global_head_dim: number('attention.key_length'),
    num_kv_shared_layers: count - firstShared,
    attention_k_eq_v: takesKeys,
    attention_bias: hasPart(model, 'attn_q.bias'),
    rms_norm_eps: epsilon(model),
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    vocab_size_per_layer_input: tensors.get('per_layer_token_embd.weight')?.shape[0],
    hidden_size_per_layer_input:
      fields.numberOrNull(`${NAME}.embedding_length_per_layer_input`) ?? 0,
    max_position_embeddings: number('context_length'),
    tie_word_embeddings: !tensors.has('output.weight'),
    layer_types: types,
    sliding_window: number('attention.sliding_window'),
    final_logit_softcapping: fields.numberOrNull(`${NAME}.final_logit_softcapping`),
    rope_parameters: {
      full_attention: {
        rope_type: 'proportional',
        rope_theta: number('rope.freq_base'),
        partial_rotary_factor: await turningShare(model),
      },
      sliding_attention: { rope_type: 'default', rope_theta: number('rope.freq_base_swa') },
    },
    ...expertSizes(model),
  };
}

/** Frequencies are divided by 1 where dimensions turn, and by a number beyond all bounds where they do not. */
async function turningShare({ values }: GgufModel): Promise<number> {
  const factors = (await values('rope_freqs.weight')) ?? [];
  const turning = factors.filter((factor) => factor === 1).length;
  // A little more than the share, so that whole dimensions come out again.
  return turning === factors.length ? 1 : (turning + 0.25) / factors.length;
}

function expertSizes(model: GgufModel): JsonObject {
  if (!hasPart(model, 'ffn_gate_inp.weight')) return {};
  const { fields } = model;
  return {
    enable_moe_block: true,
    num_experts: fields.number(`${NAME}.expert_count`),
    top_k_experts: fields.number(`${NAME}.expert_used_count`),
    moe_intermediate_size: fields.number(`${NAME}.expert_feed_forward_length`),
  };
}
