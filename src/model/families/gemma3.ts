import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { GEMMA_NORMS } from './gemma2.js';
import { attention } from './parts/attention.js';
import { sandwich } from './parts/layers.js';
import { gatedMlp, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { type RotaryTraits, wholeRotary } from './parts/rotary.js';
import { readRope, type RopeConfig } from './rope-config.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Gemma3ForCausalLM';

/**
 * Gemma 2 with norms of the heads of q and k in the place of caps, five layers with a window for one without, and
 * another rotation in those with one (arXiv 2503.19786). The defaults are those of transformers' Gemma3TextConfig, whose
 * `attn_logit_softcapping` no network reads.
 */
export const gemma3: ModelFamily = {
  architecture,
  models: 'Gemma 3 (270M, 1B)',
  defaults: { num_key_value_heads: 4 },
  read: (fields) => readGemma3(fields, architecture),
};

/** Its network, whatever the model is called that has it. */
export function readGemma3(fields: ConfigFields, architecture: string): DecoderModel {
  refusePartialRotary(fields);
  const config = readSizes(fields, {
    architecture,
    modelType: 'gemma3_text',
    defaultHeadDim: 256,
    reach: readRope(fields, 1_000_000),
  });
  const norm = { ...rmsNorm(fields), gainOffset: 1 };
  const bias = fields.boolean('attention_bias', false);
  const activation = readActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh');
  const pattern = fields.size('sliding_window_pattern', 6);
  const window = fields.size('sliding_window', 4096);
  const windows = windowsByLayer(fields, window, (layer) => (layer + 1) % pattern !== 0);
  const scale = 1 / Math.sqrt(fields.positive('query_pre_attn_scalar', 256));
  const local: RotaryTraits = { ...wholeRotary(config), rope: localRope(fields) };
  return decoder(config, {
    norm,
    tied: readTied(fields, true),
    embeddingScale: Math.sqrt(config.hiddenSize),
    logitSoftcap: fields.positiveIfSet('final_logit_softcapping'),
    layer: (place) => {
      const own = windows[place.index] ?? null;
      return sandwich(place, norm, {
        modules: GEMMA_NORMS,
        attention: attention(place, {
          qkvBias: bias,
          outputBias: bias,
          headNorm: { ...norm, over: 'head' },
          scale,
          window: own,
          ...(own === null ? {} : { rotary: local }),
        }),
        mlp: gatedMlp(place, { activation }),
      });
    },
  });
}

/** Of the layers with a window: one of their own in the newer `rope_parameters`, else a plain one. */
export function localRope(fields: ConfigFields): RopeConfig {
  const theta = fields.positive('rope_local_base_freq', 10_000);
  const hasOwn = fields.object('rope_parameters')?.has('sliding_attention') === true;
  return hasOwn ? readRope(fields, theta, 'sliding_attention').rope : { type: 'default', theta };
}
