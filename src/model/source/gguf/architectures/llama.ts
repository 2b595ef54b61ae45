import type { JsonObject } from '../../model-source.js';
import type { GgufModel, ModuleNames } from './architecture.js';
import { decoder, pairedHeads } from './decoder.js';
import { hasPart } from './sizes.js';

/** What Mixtral's checkpoints call the parts of a layer's experts. */
const MIXTRAL: ModuleNames = {
  ffn_gate_inp: 'block_sparse_moe.gate',
  ffn_gate_exps: 'block_sparse_moe.experts.*.w1',
  ffn_up_exps: 'block_sparse_moe.experts.*.w3',
  ffn_down_exps: 'block_sparse_moe.experts.*.w2',
};

/** Llama, Mistral, Mixtral and what is like them. */
export const llama = decoder({
  name: 'llama',
  classes: [
    'LlamaForCausalLM',
    'MistralForCausalLM',
    'MixtralForCausalLM',
    'InternLM3ForCausalLM',
    'LlamaBidirectionalModel',
  ],
  layer: MIXTRAL,
  config: (model) => {
    const { fields } = model;
    const window = fields.numberOrNull('llama.attention.sliding_window');
    const windowed = window !== null && window > 0 ? { sliding_window: window } : {};
    const numExperts = fields.numberOrNull('llama.expert_count') ?? 0;
    if (numExperts > 0) {
      return {
        architectures: ['MixtralForCausalLM'],
        model_type: 'mixtral',
        num_local_experts: numExperts,
        num_experts_per_tok: fields.number('llama.expert_used_count'),
        ...windowed,
      };
    }
    if (Object.hasOwn(windowed, 'sliding_window')) {
      return { architectures: ['MistralForCausalLM'], model_type: 'mistral', ...windowed };
    }
    return llamaWithBiases(model);
  },
  change: pairedHeads,
});

/** Llama with the biases that a file has: q, k and v may have theirs without the others. */
export function llamaWithBiases(model: GgufModel): JsonObject {
  const has = (part: string): boolean => hasPart(model, `${part}.bias`);
  if (has('attn_q') && !has('attn_output') && !has('ffn_up')) {
    return { architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' };
  }
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    attention_bias: has('attn_q'),
    mlp_bias: has('ffn_up'),
  };
}

/** Mistral Small 3 and Ministral 3, whose queries grow with their position. */
export const mistral3 = decoder({
  name: 'mistral3',
  classes: ['Mistral3ForConditionalGeneration', 'Ministral3ForCausalLM'],
  config: ({ fields }, { rope_scaling: scaling }) => {
    const magnitude = fields.numberOrNull('mistral3.rope.scaling.yarn_log_multiplier');
    const growth = fields.numberOrNull('mistral3.attention.temperature_scale');
    return {
      architectures: ['Ministral3ForCausalLM'],
      model_type: 'ministral3',
      sliding_window: fields.numberOrNull('mistral3.attention.sliding_window'),
      rope_scaling:
        scaling === null
          ? null
          : {
              ...(scaling as JsonObject),
              ...(magnitude === null ? {} : { mscale: magnitude, mscale_all_dim: magnitude }),
              ...(growth === null ? {} : { llama_4_scaling_beta: growth }),
            },
    };
  },
  change: pairedHeads,
});

/** Llama that transformers has under other names: the network is the same. */
export const exaone = decoder({
  name: 'exaone',
  classes: ['ExaoneForCausalLM'],
  config: llamaWithBiases,
});

export const internlm2 = decoder({
  name: 'internlm2',
  classes: ['InternLM2ForCausalLM'],
  config: llamaWithBiases,
  change: pairedHeads,
});

export const seedOss = decoder({
  name: 'seed_oss',
  classes: ['SeedOssForCausalLM'],
  layer: { post_attention_norm: 'post_attention_layernorm' },
  config: (model) => ({
    architectures: ['SeedOssForCausalLM'],
    model_type: 'seed_oss',
    attention_bias: hasPart(model, 'attn_q.bias'),
    attention_out_bias: hasPart(model, 'attn_output.bias'),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  }),
});

/** The same for each layer that tells positions apart; the file does not say which do. */
export const smollm3 = decoder({
  name: 'smollm3',
  classes: ['SmolLM3ForCausalLM'],
  config: (model) => ({
    architectures: ['SmolLM3ForCausalLM'],
    model_type: 'smollm3',
    attention_bias: hasPart(model, 'attn_q.bias'),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  }),
  change: pairedHeads,
});

export const arcee = decoder({
  name: 'arcee',
  classes: ['ArceeForCausalLM'],
  config: (model) => ({
    architectures: ['ArceeForCausalLM'],
    model_type: 'arcee',
    attention_bias: hasPart(model, 'attn_q.bias'),
    mlp_bias: hasPart(model, 'ffn_up.bias'),
  }),
  change: pairedHeads,
});

export const orion = decoder({
  name: 'orion',
  classes: ['OrionForCausalLM'],
  config: (model) => ({
    architectures: ['OrionForCausalLM'],
    model_type: 'orion',
    attention_bias: hasPart(model, 'attn_q.bias'),
  }),
});

/** Layers of Baichuan 13B, which tells positions apart by ALiBi. */
const LAYERS_OF_13B = 40;

export const baichuan = decoder({
  name: 'baichuan',
  classes: ['BaichuanForCausalLM'],
  config: ({ fields }) => {
    const hasAlibi = fields.number('baichuan.block_count') === LAYERS_OF_13B;
    const length = fields.number('baichuan.context_length');
    return {
      architectures: ['BaichuanForCausalLM'],
      model_type: 'baichuan',
      model_max_length: length,
      max_position_embeddings: hasAlibi ? undefined : length,
    };
  },
  change: pairedHeads,
});

export const hunyuan = decoder({
  name: 'hunyuan-dense',
  classes: ['HunYuanDenseV1ForCausalLM'],
  layer: {
    attn_q_norm: 'self_attn.query_layernorm',
    attn_k_norm: 'self_attn.key_layernorm',
  },
  config: (model) => ({
    architectures: ['HunYuanDenseV1ForCausalLM'],
    model_type: 'hunyuan_v1_dense',
    attention_bias: hasPart(model, 'attn_q.bias'),
  }),
});
