import type { ConfigFields } from './config-fields.js';
import { deepseek } from './deepseek.js';
import type { ModelFamily } from './family.js';
import type { LatentDefaults } from './latent-sizes.js';
import { readSigmoidExperts, routesFrom } from './parts/deepseek-experts.js';

const architecture = 'Glm4MoeLiteForCausalLM';

const DEFAULTS: LatentDefaults = {
  queryRank: 768,
  rank: 512,
  turning: 64,
  still: 192,
  value: 256,
};

/** GLM-4.7-Flash: DeepSeek-V3 of other sizes. */
export const glm4MoeLite: ModelFamily = {
  architecture,
  models: 'GLM-4.7-Flash',
  defaults: { n_shared_experts: 1, num_experts_per_tok: 4, moe_intermediate_size: 1536 },
  read: (fields) =>
    deepseek(fields, {
      architecture,
      modelType: 'glm4_moe_lite',
      defaults: DEFAULTS,
      interleaved: fields.boolean('rope_interleave', true),
      eps: 1e-5,
      experts: readSigmoidExperts(fields, { numExperts: 64, scale: 1.8 }),
      routes: routedLayers(fields),
    }),
};

/** `mlp_layer_types` lists them; without it the first layer is dense. */
function routedLayers(fields: ConfigFields): (layer: number) => boolean {
  const types = fields.texts('mlp_layer_types');
  if (types.length === 0) return routesFrom(fields, 1);
  const known = types.every((type) => type === 'sparse' || type === 'dense');
  if (!known || types.length !== fields.numLayers()) {
    fields.fail('mlp_layer_types', 'one of "dense", "sparse" for each layer');
  }
  return (layer) => types[layer] === 'sparse';
}
