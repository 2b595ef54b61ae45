import { shareBelow } from '../../../families/parts/quantile.js';
import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';
import { decoder, OUTPUT_NORMS } from './decoder.js';
import { layerTypes } from './windows.js';

const NAME = 'gemma3n';

export const gemma3n = decoder({
  name: NAME,
  classes: ['Gemma3nForCausalLM', 'Gemma3nForConditionalGeneration'],
  outer: {
    altup_proj: 'model.altup_projections.*',
    altup_unembd_proj: 'model.altup_unembed_projections.*',
    per_layer_token_embd: 'model.embed_tokens_per_layer',
    per_layer_model_proj: 'model.per_layer_model_projection',
    per_layer_proj_norm: 'model.per_layer_projection_norm',
  },
  layer: {
    ...OUTPUT_NORMS,
    ffn_norm: 'pre_feedforward_layernorm',
    inp_gate: 'per_layer_input_gate',
    proj: 'per_layer_projection',
    post_norm: 'post_per_layer_input_norm',
    altup_router: 'altup.modality_router',
    altup_router_norm: 'altup.router_norm',
    altup_predict_coef: 'altup.prediction_coefs',
    altup_correct_coef: 'altup.correction_coefs',
    'altup_correct_scale.weight': 'altup.correct_output_scale',
    laurel_l: 'laurel.linear_left',
    laurel_r: 'laurel.linear_right',
    laurel_post_norm: 'laurel.post_laurel_norm',
  },
  config: gemma3nConfig,
});

function gemma3nConfig(model: GgufModel): JsonObject {
  const { fields, tensors } = model;
  const count = fields.count(`${NAME}.block_count`);
  const number = (key: string): number => fields.number(`${NAME}.${key}`);
  return {
    architectures: ['Gemma3nForCausalLM'],
    model_type: 'gemma3n_text',
    intermediate_size: fields.byLayer(`${NAME}.feed_forward_length`, count),
    layer_types: layerTypes(model, 5),
    sliding_window: number('attention.sliding_window'),
    rope_theta: fields.numberOrNull(`${NAME}.rope.freq_base`) ?? 1_000_000,
    rope_local_base_freq: fields.numberOrNull(`${NAME}.rope.freq_base_swa`) ?? 10_000,
    num_kv_shared_layers: number('attention.shared_kv_layers'),
    hidden_size_per_layer_input: number('embedding_length_per_layer_input'),
    vocab_size_per_layer_input: tensors.get('per_layer_token_embd.weight')?.shape[0],
    altup_num_inputs: number('altup.num_inputs'),
    altup_active_idx: number('altup.active_idx'),
    altup_correct_scale: tensors.has('blk.0.altup_correct_scale.weight'),
    laurel_rank: tensors.get('blk.0.laurel_l.weight')?.shape.at(-2),
    activation_sparsity_pattern: fields
      .byLayer(`${NAME}.activation_sparsity_scale`, count)
      .map((deviations) => (Number.isFinite(deviations) ? shareBelow(deviations) : 0)),
    final_logit_softcapping: fields.numberOrNull(`${NAME}.final_logit_softcapping`),
  };
}
