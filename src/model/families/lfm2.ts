import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { MlpPlan } from '../plan/mlp.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { mixersByLayer } from './layer-types.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { preNorm } from './parts/layers.js';
import { gatedMlp } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import type { Part } from './parts/part.js';
import type { LayerPlace } from './parts/place.js';
import { readConvWidth, shortConv } from './parts/recurrent.js';
import { readRope } from './rope-config.js';
import { readSizes } from './sizes.js';

const architecture = 'Lfm2ForCausalLM';

/** What LFM2's checkpoints call the parts of attention, and the norms of a layer. */
export const LFM2_ATTENTION = { o: 'out_proj', qNorm: 'q_layernorm', kNorm: 'k_layernorm' };
export const LFM2_NORMS = { attention: 'operator_norm', mlp: 'ffn_norm' };
export const LFM2_MLP = { at: 'feed_forward', gate: 'w1', up: 'w3', down: 'w2' };

/** Which layers of LFM2 attend; the others are short convolutions. */
export function lfm2Mixers(fields: ConfigFields) {
  const names = { conv: 'recurrent', full_attention: 'attention' } as const;
  const listed = fields.has('full_attn_idxs') ? fields.counts('full_attn_idxs') : null;
  return mixersByLayer(fields, names, (layer) => listed?.includes(layer) ?? true);
}

/** Of its config class, where they are not those of others. */
const DEFAULTS = { num_key_value_heads: 8 };

/** Short convolutions between gates, and some layers of attention with norms of heads (arXiv 2511.23404). */
export const lfm2: ModelFamily = {
  architecture,
  models: 'LFM2, LFM2.5',
  read: (own) => {
    const fields = own.completed(DEFAULTS);
    const sizes = readLfm2Sizes(fields, architecture, 'lfm2');
    const config = { ...sizes, intermediateSize: mlpWidth(fields) };
    return lfm2Network(fields, config, lfm2Mlp);
  },
};

export function readLfm2Sizes(
  fields: ConfigFields,
  architecture: string,
  modelType: string,
): ModelConfig {
  const reach = readRope(fields, fields.positive('theta', 1_000_000));
  return readSizes(fields, { architecture, modelType, reach });
}

export function lfm2Mlp(place: LayerPlace): Part<MlpPlan> {
  return gatedMlp(place, { activation: 'silu', modules: LFM2_MLP });
}

/** Its mixers, and the MLP of each layer. */
export function lfm2Network(
  fields: ConfigFields,
  config: ModelConfig,
  mlp: (place: LayerPlace) => Part<MlpPlan>,
): DecoderModel {
  const norm = rmsNorm(fields, 'norm_eps', 1e-5);
  const bias = fields.boolean('conv_bias', false);
  const width = readConvWidth(fields, 'conv_L_cache', 3);
  const mixers = lfm2Mixers(fields);
  return decoder(config, {
    norm,
    tied: fields.boolean('tie_embedding', readTied(fields, true)),
    modules: { finalNorm: 'model.embedding_norm' },
    layer: (place) =>
      preNorm(place, norm, {
        modules: LFM2_NORMS,
        ...(mixers[place.index] === 'attention'
          ? {
              attention: attention(place, {
                headNorm: { ...norm, over: 'head' },
                modules: LFM2_ATTENTION,
              }),
            }
          : { recurrent: shortConv(place, { width, bias }) }),
        mlp: mlp(place),
      }),
  });
}

/** `intermediate_size` is what two thirds are taken of, unless it says that it is not. */
function mlpWidth(fields: ConfigFields): number {
  const stated = fields.size(fields.has('block_ff_dim') ? 'block_ff_dim' : 'intermediate_size');
  if (!fields.boolean('block_auto_adjust_ff_dim', true)) return stated;
  const multiplier = fields.positive('block_ffn_dim_multiplier', 1);
  const multiple = fields.size('block_multiple_of', 256);
  const width = Math.trunc(multiplier * Math.trunc((2 * stated) / 3));
  return Math.ceil(width / multiple) * multiple;
}
