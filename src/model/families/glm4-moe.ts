import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { readSigmoidExperts, routesFrom } from './parts/deepseek-experts.js';
import { routedMlp } from './parts/experts.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'Glm4MoeForCausalLM';

/** GLM-4.5: DeepSeek-V3's experts behind attention whose heads are rotated by half. */
export const glm4Moe: ModelFamily = {
  architecture,
  models: 'GLM-4.5, GLM-4.5-Air',
  defaults: {
    num_key_value_heads: 8,
    n_shared_experts: 1,
    num_experts_per_tok: 8,
    moe_intermediate_size: 1408,
  },
  read: (fields) => {
    const config = readSizes(fields, { architecture, modelType: 'glm4_moe' });
    const norm = rmsNorm(fields, 'rms_norm_eps', 1e-5);
    const activation = readActivation(fields);
    const qkvBias = fields.boolean('attention_bias', false);
    const rotary = partialRotary(fields, config, { fallback: 0.5 });
    const headNorm = fields.boolean('use_qk_norm', false)
      ? { ...norm, over: 'head' as const }
      : null;
    const experts = readSigmoidExperts(fields, { numExperts: 128, scale: 1 });
    const routes = routesFrom(fields, 1);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, { qkvBias, rotary, headNorm }),
          mlp: routes(place.index)
            ? routedMlp(place, { ...experts, activation })
            : gatedMlp(place, { activation }),
        }),
    });
  },
};
