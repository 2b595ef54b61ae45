import { decoder, OUTPUT_NORMS, pairedHeads } from './decoder.js';
import { hasPart } from './sizes.js';
import { layerTypes } from './windows.js';

export const olmo = decoder({
  name: 'olmo',
  classes: ['OlmoForCausalLM'],
  config: (model) => ({
    architectures: ['OlmoForCausalLM'],
    model_type: 'olmo',
    attention_bias: hasPart(model, 'attn_q.bias'),
    clip_qkv: model.fields.numberOrNull('olmo.attention.clamp_kqv'),
  }),
  change: pairedHeads,
});

/** OLMo 3 is a file of OLMo 2 with a window in most layers. */
export const olmo2 = decoder({
  name: 'olmo2',
  classes: ['Olmo2ForCausalLM', 'Olmo3ForCausalLM'],
  layer: OUTPUT_NORMS,
  config: (model) => {
    const window = model.fields.numberOrNull('olmo2.attention.sliding_window') ?? 0;
    const attention_bias = hasPart(model, 'attn_q.bias');
    if (window === 0) {
      return { architectures: ['Olmo2ForCausalLM'], model_type: 'olmo2', attention_bias };
    }
    return {
      architectures: ['Olmo3ForCausalLM'],
      model_type: 'olmo3',
      attention_bias,
      sliding_window: window,
      layer_types: layerTypes(model, 4),
    };
  },
});

export const olmoe = decoder({
  name: 'olmoe',
  classes: ['OlmoeForCausalLM'],
  config: (model) => ({
    architectures: ['OlmoeForCausalLM'],
    model_type: 'olmoe',
    attention_bias: hasPart(model, 'attn_q.bias'),
    num_experts: model.fields.number('olmoe.expert_count'),
    num_experts_per_tok: model.fields.number('olmoe.expert_used_count'),
    // As in all of its models; the file does not say it.
    norm_topk_prob: false,
  }),
});
