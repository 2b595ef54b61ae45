import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { plainMlp, readActivation, UP_DOWN } from './parts/mlp.js';
import { layerNorm } from './parts/norm.js';
import { partialRotary } from './parts/rotary.js';
import { readRope, type RopeReach } from './rope-config.js';
import { isOfVersion5 } from './saved-by.js';
import { readSizes } from './sizes.js';

const architecture = 'NemotronForCausalLM';

/**
 * Nemotron-4 and Minitron: LayerNorms whose gains are stored less one, squared ReLU, half of a head rotated
 * (arXiv 2402.16819).
 */
export const nemotron: ModelFamily = {
  architecture,
  models: 'Nemotron-Mini, Minitron, Nemotron-4',
  defaults: { max_position_embeddings: 4096 },
  read: (fields) => {
    const config = readSizes(fields, {
      architecture,
      modelType: 'nemotron',
      reach: isOfVersion5(fields) ? readRope(fields) : plainReach(fields),
    });
    const norm = { ...layerNorm(fields, 'norm_eps'), gainOffset: 1 };
    const activation = readActivation(fields, 'hidden_act', 'relu2');
    const rotary = partialRotary(fields, config, { fallback: 0.5 });
    const attentionBias = fields.boolean('attention_bias', false);
    const bias = fields.boolean('mlp_bias', false);
    return decoder(config, {
      norm,
      tied: readTied(fields),
      layer: (place) =>
        preNorm(place, norm, {
          attention: attention(place, {
            qkvBias: attentionBias,
            outputBias: attentionBias,
            rotary,
          }),
          mlp: plainMlp(place, { activation, bias, modules: UP_DOWN }),
        }),
    });
  },
};

/** The class of version 4 scales no rotation, whatever config.json says. */
function plainReach(fields: ConfigFields): RopeReach {
  const theta = fields.positive('rope_theta', 10_000);
  return {
    rope: { type: 'default', theta },
    contextLength: fields.size('max_position_embeddings'),
  };
}
