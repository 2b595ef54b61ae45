import { excerpt, ModelConfigError, type ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { GEMMA_NORMS } from './gemma2.js';
import { localRope } from './gemma3.js';
import { altUp, readAltUp, streams } from './parts/altup.js';
import { attention } from './parts/attention.js';
import { sandwich } from './parts/layers.js';
import { gated, readActivation } from './parts/mlp.js';
import { rmsNorm } from './parts/norm.js';
import { quantile } from './parts/quantile.js';
import { type RotaryTraits, wholeRotary } from './parts/rotary.js';
import { readTokenInputs, tokenInput, tokenInputs } from './parts/token-inputs.js';
import { readRope } from './rope-config.js';
import { kvSources } from './shared-kv.js';
import { readSizes, refusePartialRotary } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Gemma3nForCausalLM';

/** Its text model alone, whose tensors are called as they are among others. */
export const gemma3n: ModelFamily = {
  architecture,
  models: 'Gemma 3n (its text alone)',
  defaults: { num_key_value_heads: 2 },
  read: (fields) => ({ ...readGemma3n(fields, architecture), isPart: true }),
};

/**
 * Gemma 3 with AltUp's streams, Laurel beside attention, numbers of each token for each layer, gates that are mostly zero,
 * and layers that read the keys and values of others. The defaults are those of transformers' Gemma3nTextConfig.
 */
export function readGemma3n(fields: ConfigFields, architecture: string): DecoderModel {
  refusePartialRotary(fields);
  const widths = readWidths(fields);
  const config = readSizes(fields.completed({}, { intermediate_size: Math.max(...widths) }), {
    architecture,
    modelType: 'gemma3n_text',
    defaultHeadDim: 256,
    reach: readRope(fields, 1_000_000),
  });
  const norm = rmsNorm(fields);
  const bias = fields.boolean('attention_bias', false);
  const activation = readActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh');
  const window = fields.size('sliding_window', 512);
  const windows = windowsByLayer(fields, window, (layer) => (layer + 1) % 5 !== 0);
  const sources = kvSources(fields, windows, 15);
  const sparsities = readSparsities(fields);
  const local: RotaryTraits = { ...wholeRotary(config), rope: localRope(fields) };
  const several = readAltUp(fields, norm);
  const inputs = readTokenInputs(fields, { norm, activation });
  const { hiddenSize } = config;
  return decoder(config, {
    norm,
    tied: readTied(fields, true),
    embeddingScale: Math.sqrt(hiddenSize),
    logitSoftcap: fields.positiveOrNull('final_logit_softcapping', 30),
    tokenInputs: inputs && tokenInputs(config, inputs),
    streams: streams(config, several),
    layer: (place) => {
      const own = windows[place.index] ?? null;
      const width = widths[place.index] ?? config.intermediateSize;
      return sandwich(place, norm, {
        modules: GEMMA_NORMS,
        attention: attention(place, {
          qkvBias: bias,
          outputBias: bias,
          headNorm: { ...norm, over: 'head' },
          valueNorm: norm,
          scale: 1,
          window: own,
          sharesKv: sources[place.index],
          ...(own === null ? {} : { rotary: local }),
        }),
        mlp: gated(
          place.names.within('mlp'),
          { hiddenSize, width },
          { activation, sparsity: sparsities[place.index] },
        ),
        more: {
          altUp: altUp(place, several),
          ...(inputs === null ? {} : { tokenInput: tokenInput(place, inputs) }),
        },
      });
    },
  });
}

/** One for all layers, or one for each. */
function readWidths(fields: ConfigFields): readonly number[] {
  const field = 'intermediate_size';
  const numLayers = fields.numLayers();
  if (!Array.isArray(fields.raw(field))) return Array<number>(numLayers).fill(fields.size(field));
  return fields.positives(field, numLayers);
}

/** How far above its mean a gate has to be: what of it is to be zero says that; undefined = nothing is. */
function readSparsities(fields: ConfigFields): readonly (number | undefined)[] {
  const field = 'activation_sparsity_pattern';
  const numLayers = fields.numLayers();
  const given = fields.raw(field);
  const isShare = (share: unknown): share is number =>
    typeof share === 'number' && share >= 0 && share < 1;
  const shares = given ?? Array.from({ length: numLayers }, (_, layer) => sparse(layer, numLayers));
  if (!Array.isArray(shares) || shares.length !== numLayers || !shares.every(isShare)) {
    throw new ModelConfigError(
      `config.json: "${field}" must be a list of ${numLayers} numbers from 0 to below 1, ` +
        `got ${excerpt(JSON.stringify(given))}`,
    );
  }
  return shares.map((share) => (share === 0 ? undefined : quantile(share)));
}

/** The first ten layers of models that have more. */
function sparse(layer: number, numLayers: number): number {
  return numLayers > 10 && layer < 10 ? 0.95 : 0;
}
