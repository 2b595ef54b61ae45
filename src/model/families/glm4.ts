import type { ModelFamily } from './family.js';
import { readGlm } from './glm.js';
import { sandwich, type SandwichModules } from './parts/layers.js';

const architecture = 'Glm4ForCausalLM';

const NORMS: SandwichModules = {
  input: 'input_layernorm',
  attentionOutput: 'post_self_attn_layernorm',
  mlp: 'post_attention_layernorm',
  mlpOutput: 'post_mlp_layernorm',
};

/** GLM-4-0414: GLM with two norms of each half of a layer. */
export const glm4: ModelFamily = {
  architecture,
  models: 'GLM-4-0414',
  defaults: { num_key_value_heads: 2, attention_bias: true },
  read: (fields) =>
    readGlm(fields, {
      architecture,
      modelType: 'glm4',
      qkvBias: false,
      layer: (place, norm, halves) => sandwich(place, norm, { ...halves, modules: NORMS }),
    }),
};
