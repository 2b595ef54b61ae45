/** What GGUF files of decoders have in common. */
import type { JsonObject } from '../../model-source.js';
import {
  AS_IT_IS,
  type GgufArchitecture,
  type GgufModel,
  type ModuleNames,
  type RowsOfPart,
  type TensorChange,
} from './architecture.js';
import { headDim, numHeads, numKvHeads, rowsOfPart, sizes, type Turning } from './sizes.js';

const OUTER: ModuleNames = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const LAYER: ModuleNames = {
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

/** Norms of what each half of a layer gives, as Gemma 2 and its like call them. */
export const OUTPUT_NORMS: ModuleNames = {
  post_attention_norm: 'post_attention_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};

/** What one architecture says of itself beyond that. */
export interface DecoderTraits extends Partial<
  Pick<GgufArchitecture, 'change' | 'split' | 'layerPrefix' | 'given'>
> {
  readonly name: string;
  readonly classes: readonly string[];
  /** Parts that have another name than most. */
  readonly outer?: ModuleNames;
  readonly layer?: ModuleNames | ((model: GgufModel) => ModuleNames);
  /** Default: whole heads. */
  readonly turning?: Turning;
  /** Fields of config.json beside {@link sizes}, or in their place. */
  readonly config: (model: GgufModel, sizes: JsonObject) => JsonObject;
}

export function decoder(traits: DecoderTraits): GgufArchitecture {
  const own = traits.layer ?? {};
  const layer = (model: GgufModel): ModuleNames => ({
    ...LAYER,
    ...(typeof own === 'function' ? own(model) : own),
  });
  return {
    name: traits.name,
    classes: traits.classes,
    outer: { ...OUTER, ...traits.outer },
    layer,
    layerPrefix: traits.layerPrefix ?? 'model.layers.',
    change: traits.change ?? (() => AS_IT_IS),
    given: traits.given ?? (() => new Map()),
    split: (part, model) =>
      traits.split?.(part, model) ??
      (Object.hasOwn(layer(model), part) ? null : fusedParts(part, model)),
    config: async (model) => {
      const common = await sizes(model, traits.turning ?? 'whole');
      return { ...common, ...traits.config(model, common) };
    },
  };
}

/** What a converter may have put together: q, k and v, and the gates of experts and what they gate. */
function fusedParts(part: string, model: GgufModel): readonly RowsOfPart[] | null {
  switch (part) {
    case 'attn_qkv': {
      const size = headDim(model);
      const [q, kv] = [numHeads(model) * size, numKvHeads(model) * size];
      return [
        { part: 'attn_q', rows: q },
        { part: 'attn_k', rows: kv },
        { part: 'attn_v', rows: kv },
      ];
    }
    case 'ffn_gate_up_exps': {
      const rows = (rowsOfPart(model, part) ?? 0) / 2;
      return [
        { part: 'ffn_gate_exps', rows },
        { part: 'ffn_up_exps', rows },
      ];
    }
    default:
      return null;
  }
}

const ROTATED = /\.(q_proj|k_proj)\.(weight|bias)$/;

/**
 * Rows of q and k are stored as pairs, because ggml turns neighbours where transformers turns the halves of a head: so
 * they are in Llama's files and many others.
 */
export function pairedHeads(name: string, model: GgufModel): TensorChange {
  return ROTATED.test(name) ? { ...AS_IT_IS, pairedRows: headDim(model) } : AS_IT_IS;
}

/** Gains of norms are stored as they multiply: 1 more than transformers has them. */
export function gainsFromOne(name: string): TensorChange {
  return /norm\.weight$/.test(name) ? { ...AS_IT_IS, plus: -1 } : AS_IT_IS;
}
