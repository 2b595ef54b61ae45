import { decoder } from './decoder.js';
import { hasPart, numLayers } from './sizes.js';

/** The two numbers of each layer's activation are lists of the metadata. */
const ALPHAS = { alpha_p: 'xielu.alpha_p', alpha_n: 'xielu.alpha_n' };

export const apertus = decoder({
  name: 'apertus',
  classes: ['ApertusForCausalLM'],
  layer: { attn_norm: 'attention_layernorm', ffn_norm: 'feedforward_layernorm' },
  config: (model) => ({
    architectures: ['ApertusForCausalLM'],
    model_type: 'apertus',
    attention_bias: hasPart(model, 'attn_q.bias'),
  }),
  given: (model) => {
    const count = numLayers(model);
    const numbers = Object.entries(ALPHAS).flatMap(([parameter, key]) =>
      model.fields
        .byLayer(key, count)
        .map((value, layer) => [`model.layers.${layer}.mlp.act_fn.${parameter}`, [value]] as const),
    );
    return new Map(numbers);
  },
});
