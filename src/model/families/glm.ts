import type { LayerPlan } from '../plan/network.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { attention } from './parts/attention.js';
import { type LayerTraits, preNorm } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import type { Part } from './parts/part.js';
import type { LayerPlace } from './parts/place.js';
import { partialRotary } from './parts/rotary.js';
import { readSizes } from './sizes.js';

const architecture = 'GlmForCausalLM';

/** GLM-Edge, and glm-4-9b as transformers has it: half of a head is rotated, neighbours with each other. */
export const glm: ModelFamily = {
  architecture,
  models: 'GLM-Edge, glm-4-9b-hf',
  defaults: { num_key_value_heads: 2 },
  read: (fields) =>
    readGlm(fields, { architecture, modelType: 'glm', qkvBias: true, layer: preNorm }),
};

export interface GlmTraits {
  readonly architecture: string;
  readonly modelType: string;
  /** Where config.json does not say `attention_bias`. */
  readonly qkvBias: boolean;
  /** Where its norms are. */
  readonly layer: (place: LayerPlace, norm: NormStyle, halves: LayerTraits) => Part<LayerPlan>;
}

/** GLM, and its successor, which has more norms. */
export function readGlm(fields: ConfigFields, traits: GlmTraits): DecoderModel {
  const { layer, ...names } = traits;
  const config = readSizes(fields, { ...names, defaultHeadDim: 128 });
  const norm = rmsNorm(fields, 'rms_norm_eps', 1.5625e-7);
  const qkvBias = fields.boolean('attention_bias', traits.qkvBias);
  const activation = readActivation(fields);
  const rotary = partialRotary(fields, config, { fallback: 0.5, interleaved: true });
  return decoder(config, {
    norm,
    tied: readTied(fields),
    layer: (place) =>
      layer(place, norm, {
        attention: attention(place, { qkvBias, rotary }),
        mlp: gatedMlp(place, { activation, fused: 'gate_up_proj' }),
      }),
  });
}
