import type { JsonObject } from '../../model-source.js';
import type { GgufModel } from './architecture.js';
import { decoder } from './decoder.js';
import { hasPart } from './sizes.js';
import { layerTypes } from './windows.js';

function cohereConfig({ name, fields }: GgufModel): JsonObject {
  return {
    layer_norm_eps: fields.number(`${name}.attention.layer_norm_epsilon`),
    logit_scale: fields.number(`${name}.logit_scale`),
  };
}

export const commandR = decoder({
  name: 'command-r',
  classes: ['CohereForCausalLM'],
  config: (model) => ({
    architectures: ['CohereForCausalLM'],
    model_type: 'cohere',
    ...cohereConfig(model),
    attention_bias: hasPart(model, 'attn_q.bias'),
    use_qk_norm: hasPart(model, 'attn_q_norm.weight'),
  }),
});

export const cohere2 = decoder({
  name: 'cohere2',
  classes: ['Cohere2ForCausalLM'],
  config: (model) => ({
    architectures: ['Cohere2ForCausalLM'],
    model_type: 'cohere2',
    ...cohereConfig(model),
    sliding_window: model.fields.number('cohere2.attention.sliding_window'),
    layer_types: layerTypes(model, 4),
  }),
});
