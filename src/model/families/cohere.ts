import type { ConfigFields } from './config-fields.js';
import { decoder, type Network, readTied } from './decoder.js';
import type { ModelFamily } from './family.js';
import type { ModelConfig } from './model-config.js';
import { attention, type AttentionTraits } from './parts/attention.js';
import { parallel } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { layerNorm, type NormStyle } from './parts/norm.js';
import type { LayerPlace } from './parts/place.js';
import { wholeRotary } from './parts/rotary.js';
import { readRope } from './rope-config.js';
import { isOfVersion5 } from './saved-by.js';
import { readSizes, refusePartialRotary } from './sizes.js';

const architecture = 'CohereForCausalLM';

/** Command-R and Aya: attention and MLP beside each other behind one norm, and a factor of the logits. */
export const cohere: ModelFamily = {
  architecture,
  models: 'Command R, Aya',
  read: (fields) => {
    refusePartialRotary(fields);
    const reach = readRope(fields, isOfVersion5(fields) ? 500_000 : 10_000);
    const config = readSizes(fields, { architecture, modelType: 'cohere', reach });
    const norm = readCohereNorm(fields);
    const headNorm = fields.boolean('use_qk_norm', false)
      ? { ...norm, over: 'head' as const, gains: 'rows' as const }
      : null;
    return decoder(
      config,
      cohereNetwork(fields, config, () => ({ headNorm })),
    );
  },
};

/** A LayerNorm without bias. */
function readCohereNorm(fields: ConfigFields): NormStyle {
  return { ...layerNorm(fields, 'layer_norm_eps'), hasBias: false };
}

/** What both generations have; `own` is what a layer's attention has beside it. */
export function cohereNetwork(
  fields: ConfigFields,
  config: ModelConfig,
  own: (place: LayerPlace) => AttentionTraits,
): Network {
  const norm = readCohereNorm(fields);
  const bias = fields.boolean('attention_bias', false);
  const activation = readActivation(fields);
  const rotary = { ...wholeRotary(config), interleaved: true };
  return {
    norm,
    tied: readTied(fields, true),
    logitScale: fields.positive('logit_scale', 0.0625),
    layer: (place) =>
      parallel(place, norm, {
        modules: { attention: 'input_layernorm', mlp: null },
        attention: attention(place, { qkvBias: bias, outputBias: bias, rotary, ...own(place) }),
        mlp: gatedMlp(place, { activation }),
      }),
  };
}
