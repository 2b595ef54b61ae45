import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';
import { decoder, gainsFromOne, OUTPUT_NORMS } from './decoder.js';
import { headDim } from './sizes.js';

/** Layers of Gemma 2 27B and Gemma 3 27B, whose scores alone are not scaled by the size of a head; files do not say so. */
const LAYERS_OF_27B = { gemma2: 46, gemma3: 62 };

const LAYER = { ...OUTPUT_NORMS, ffn_norm: 'pre_feedforward_layernorm' };

export const gemma = decoder({
  name: 'gemma',
  classes: ['GemmaForCausalLM'],
  config: () => ({ architectures: ['GemmaForCausalLM'], model_type: 'gemma' }),
  change: gainsFromOne,
});

export const gemma2 = decoder({
  name: 'gemma2',
  classes: ['Gemma2ForCausalLM'],
  layer: LAYER,
  config: (model) => {
    const { fields } = model;
    const is27b = fields.number('gemma2.block_count') === LAYERS_OF_27B.gemma2;
    const width = fields.number('gemma2.embedding_length');
    const heads = fields.number('gemma2.attention.head_count');
    return {
      architectures: ['Gemma2ForCausalLM'],
      model_type: 'gemma2',
      query_pre_attn_scalar: is27b ? width / heads : headDim(model),
      sliding_window: fields.numberOrNull('gemma2.attention.sliding_window') ?? 4096,
      attn_logit_softcapping: fields.numberOrNull('gemma2.attn_logit_softcapping') ?? 50,
      final_logit_softcapping: fields.numberOrNull('gemma2.final_logit_softcapping') ?? 30,
    };
  },
  change: gainsFromOne,
});

/** Every sixth layer sees all; only those have the scaling of the rotation. */
function gemma3Config(model: GgufModel): JsonObject {
  const { name, fields } = model;
  const is27b = fields.number(`${name}.block_count`) === LAYERS_OF_27B.gemma3;
  const width = fields.number(`${name}.embedding_length`);
  const heads = fields.number(`${name}.attention.head_count`);
  const window = fields.numberOrNull(`${name}.attention.sliding_window`) ?? 0;
  return {
    query_pre_attn_scalar: is27b ? width / heads : headDim(model),
    rope_theta: fields.numberOrNull(`${name}.rope.freq_base`) ?? 1_000_000,
    rope_local_base_freq: fields.numberOrNull(`${name}.rope.freq_base_swa`) ?? 10_000,
    final_logit_softcapping: fields.numberOrNull(`${name}.final_logit_softcapping`),
    // Without a window all layers see all.
    ...(window > 0 ? { sliding_window: window } : { sliding_window_pattern: 1 }),
  };
}

export const gemma3 = decoder({
  name: 'gemma3',
  classes: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  layer: LAYER,
  config: (model) => ({
    architectures: ['Gemma3ForCausalLM'],
    model_type: 'gemma3_text',
    ...gemma3Config(model),
  }),
  change: gainsFromOne,
});

/** EmbeddingGemma: its tokens see both ways. Files have the linears behind its pooling where they were asked for. */
export const gemmaEmbedding = decoder({
  name: 'gemma-embedding',
  classes: ['Gemma3TextModel'],
  layer: LAYER,
  config: (model) => ({
    architectures: ['Gemma3TextModel'],
    model_type: 'gemma3_text',
    ...gemma3Config(model),
    use_bidirectional_attention: true,
  }),
  change: gainsFromOne,
});
