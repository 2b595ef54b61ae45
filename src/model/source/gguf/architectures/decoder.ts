/** What GGUF files of Llama-like decoders have in common. */
import type { JsonObject } from '../../model-source.js';
import type { GgufFields } from '../fields.js';
import { AS_IT_IS, type GgufArchitecture, type GgufModel } from './architecture.js';

const OUTER: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const LAYER: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
  ffn_gate_inp: 'mlp.gate',
  ffn_gate_exps: 'mlp.experts.*.gate_proj',
  ffn_up_exps: 'mlp.experts.*.up_proj',
  ffn_down_exps: 'mlp.experts.*.down_proj',
  ffn_gate_inp_shexp: 'mlp.shared_expert_gate',
  ffn_gate_shexp: 'mlp.shared_expert.gate_proj',
  ffn_up_shexp: 'mlp.shared_expert.up_proj',
  ffn_down_shexp: 'mlp.shared_expert.down_proj',
};

/** What one architecture says of itself beyond that. */
interface DecoderTraits extends Partial<Pick<GgufArchitecture, 'change'>> {
  readonly name: string;
  /** Parts of a layer that have another name than most. */
  readonly layer?: Readonly<Record<string, string>>;
  /** Fields of config.json beside {@link sizes}. */
  readonly config: (model: GgufModel) => JsonObject;
}

export function decoder(traits: DecoderTraits): GgufArchitecture {
  return {
    name: traits.name,
    outer: OUTER,
    layer: { ...LAYER, ...traits.layer },
    layerPrefix: 'model.layers.',
    change: traits.change ?? (() => AS_IT_IS),
    config: async (model) => ({ ...(await sizes(model)), ...traits.config(model) }),
  };
}

/** The dimensions of a head, as all architectures here have them. */
export function headDim({ name, fields }: GgufModel): number {
  const heads = fields.sameInAllLayers(`${name}.attention.head_count`) ?? 0;
  const byWidth = fields.number(`${name}.embedding_length`) / heads;
  return fields.numberOrNull(`${name}.attention.key_length`) ?? byWidth;
}

async function sizes(model: GgufModel): Promise<JsonObject> {
  const { name, fields, tensors } = model;
  const numHeads = fields.sameInAllLayers(`${name}.attention.head_count`);
  return {
    hidden_size: fields.number(`${name}.embedding_length`),
    intermediate_size: fields.sameInAllLayers(`${name}.feed_forward_length`),
    num_hidden_layers: fields.number(`${name}.block_count`),
    num_attention_heads: numHeads,
    num_key_value_heads: fields.sameInAllLayers(`${name}.attention.head_count_kv`) ?? numHeads,
    head_dim: checkedHeadDim(model),
    rms_norm_eps: fields.number(`${name}.attention.layer_norm_rms_epsilon`),
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    max_position_embeddings: fields.number(`${name}.context_length`),
    tie_word_embeddings: !tensors.has('output.weight'),
    rope_theta: fields.numberOrNull(`${name}.rope.freq_base`) ?? 10_000,
    rope_scaling: await ropeScaling(model),
  };
}

function checkedHeadDim(model: GgufModel): number {
  const { name, fields } = model;
  const size = headDim(model);
  for (const key of ['attention.value_length', 'rope.dimension_count']) {
    const other = fields.numberOrNull(`${name}.${key}`) ?? size;
    if (other !== size) fields.fail(`"${name}.${key}" must be ${size} like a head, got ${other}`);
  }
  return size;
}

async function ropeScaling(model: GgufModel): Promise<JsonObject | null> {
  const { name, fields, values } = model;
  const scaled = scalingOf(fields, `${name}.rope`);
  const factors = await values('rope_freqs.weight');
  if (factors === null) return scaled;
  if (scaled !== null) {
    fields.fail('a rotation with both "rope_freqs.weight" and a scaling is not supported');
  }
  if (factors.length !== headDim(model) / 2) {
    fields.fail(`"rope_freqs.weight" has ${factors.length} factors for heads of ${headDim(model)}`);
  }
  return { rope_type: 'factors', factors };
}

function scalingOf(fields: GgufFields, rope: string): JsonObject | null {
  const type = fields.textOrNull(`${rope}.scaling.type`) ?? 'none';
  const linear = fields.numberOrNull(`${rope}.scale_linear`);
  const factor = fields.numberOrNull(`${rope}.scaling.factor`) ?? linear ?? 1;
  const original = fields.numberOrNull(`${rope}.scaling.original_context_length`);
  switch (type) {
    case 'none':
      return linear === null || linear === 1 ? null : { rope_type: 'linear', factor: linear };
    case 'linear':
      return { rope_type: type, factor };
    case 'yarn':
      return { rope_type: type, factor, original_max_position_embeddings: original };
    default:
      return fields.fail(`the rotation's scaling '${type}' is not supported`);
  }
}
