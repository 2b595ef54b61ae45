import type { Activation } from '../activation.js';
import type { HeadSizes } from '../plan/attention.js';
import type { MlpPlan } from '../plan/mlp.js';
import type { ConfigFields } from './config-fields.js';
import { decoder, readTied } from './decoder.js';
import type { DecoderModel, ModelFamily } from './family.js';
import { GEMMA_NORMS } from './gemma2.js';
import { localRope } from './gemma3.js';
import type { ModelConfig } from './model-config.js';
import { attention } from './parts/attention.js';
import { besideMlp } from './parts/beside-mlp.js';
import { readExpertSizes, softmaxRouting } from './parts/experts.js';
import { sandwich } from './parts/layers.js';
import { gated, readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import type { Part } from './parts/part.js';
import type { LayerPlace } from './parts/place.js';
import { type RotaryTraits, wholeRotary } from './parts/rotary.js';
import { readTokenInputs, tokenInput, tokenInputs } from './parts/token-inputs.js';
import { readRope, ropeSettings } from './rope-config.js';
import { kvSources } from './shared-kv.js';
import { readSizes } from './sizes.js';
import { windowsByLayer } from './sliding-window.js';

const architecture = 'Gemma4ForCausalLM';

/** Its text model alone. */
export const gemma4: ModelFamily = {
  architecture,
  models: 'Gemma 4 (its text alone)',
  defaults: { num_key_value_heads: 4 },
  read: (fields) => readGemma4(fields, architecture),
};

/** What another class of it has not: numbers of tokens for layers, and experts. */
export const UNIFIED = { hidden_size_per_layer_input: 0, sliding_window: 1024 };

export const gemma4Unified: ModelFamily = {
  architecture: 'Gemma4UnifiedForCausalLM',
  models: 'Gemma 4 (12B, its text alone)',
  defaults: { num_key_value_heads: 4 },
  read: (fields) => readGemma4(fields.completed(UNIFIED), 'Gemma4UnifiedForCausalLM'),
};

/**
 * Gemma 3 whose layers without a window have heads of their own sizes, a part of which is rotated, and may take keys for
 * values; with numbers of each token for each layer, layers that read the keys and values of others, or experts beside the
 * MLP. The defaults are those of transformers' Gemma4TextConfig.
 */
export function readGemma4(fields: ConfigFields, architecture: string): DecoderModel {
  if (fields.raw('use_bidirectional_attention') === 'all') {
    fields.fail('use_bidirectional_attention', 'null or "vision"');
  }
  const config = readSizes(fields, {
    architecture,
    modelType: 'gemma4_text',
    defaultHeadDim: 256,
    reach: readReach(fields),
  });
  const norm = rmsNorm(fields);
  const bias = fields.boolean('attention_bias', false);
  const activation = readActivation(fields, 'hidden_activation', 'gelu_pytorch_tanh');
  const windows = readWindows(fields);
  const sources = readSources(fields, windows);
  const takesKeys = fields.boolean('attention_k_eq_v', false);
  const heads = readHeads(fields, { config, windows, takesKeys });
  const local: RotaryTraits = { ...wholeRotary(config), rope: localRope(fields) };
  const inputs = readTokenInputs(fields, { norm, activation });
  const mlp = mlpOf(fields, { norm, activation, config, sources });
  return decoder(config, {
    norm,
    tied: readTied(fields, true),
    embeddingScale: Math.sqrt(config.hiddenSize),
    logitSoftcap: fields.positiveIfSet('final_logit_softcapping'),
    tokenInputs: inputs && tokenInputs(config, inputs),
    layer: (place) => {
      const window = windows[place.index] ?? null;
      const sizes = heads[place.index] ?? config;
      const isWhole = window === null;
      return sandwich(place, norm, {
        modules: GEMMA_NORMS,
        attention: attention(place, {
          qkvBias: bias,
          outputBias: bias,
          headNorm: { ...norm, over: 'head' },
          valueNorm: norm,
          scale: 1,
          window,
          sharesKv: sources[place.index],
          ...(isSame(sizes, config) ? {} : { heads: sizes }),
          rotary: isWhole ? wholeRope(fields, config, sizes.headDim) : turning(local, sizes),
          ...(isWhole && takesKeys ? { modules: { v: 'k_proj' } } : {}),
        }),
        mlp: mlp(place),
        more: {
          ...(inputs === null ? {} : { tokenInput: tokenInput(place, inputs) }),
          outputScale: place.names.tensor('output_scale', 'layer_scalar', [1]),
        },
      });
    },
  });
}

const PROPORTIONAL = 'proportional';

/** Of layers without a window; what is proportional has the frequencies of whole heads, and turns a part of them. */
function readReach(fields: ConfigFields) {
  const settings = ropeSettings(fields);
  // Its own `rope_theta` is not read.
  if (settings === null) return readRope(fields.completed({}, { rope_theta: 1_000_000 }));
  if (settings.text('rope_type', 'default') !== PROPORTIONAL) {
    if (settings.positive('partial_rotary_factor', 1) !== 1) {
      settings.fail('partial_rotary_factor', `1 but for the type "${PROPORTIONAL}"`);
    }
    return readRope(fields, 1_000_000);
  }
  const theta = settings.positive('rope_theta', 1_000_000);
  const factor = settings.positive('factor', 1);
  const contextLength = fields.size('max_position_embeddings');
  return factor === 1
    ? { rope: { type: 'default' as const, theta }, contextLength }
    : { rope: { type: 'linear' as const, theta, factor }, contextLength };
}

/** Null = nothing turns. */
function wholeRope(fields: ConfigFields, { rope }: ModelConfig, headDim: number) {
  const settings = ropeSettings(fields);
  const isWhole = settings !== null && settings.text('rope_type', 'default') !== PROPORTIONAL;
  if (isWhole) return { rope, dims: headDim, interleaved: false };
  const share = settings === null ? 0.25 : settings.positive('partial_rotary_factor', 1);
  if (share > 1) settings?.fail('partial_rotary_factor', 'at most 1');
  const dims = 2 * Math.floor((share * headDim) / 2);
  return dims === 0 ? null : { rope, dims, interleaved: false, isSpread: true };
}

function turning(rotary: RotaryTraits, { headDim }: HeadSizes): RotaryTraits {
  return { ...rotary, dims: headDim };
}

/** The last layer has none, whatever `layer_types` says. */
function readWindows(fields: ConfigFields): readonly (number | null)[] {
  const window = fields.size('sliding_window', 512);
  const windows = windowsByLayer(fields, window, (layer) => (layer + 1) % 6 !== 0);
  return [...windows.slice(0, -1), null];
}

function readSources(fields: ConfigFields, windows: readonly (number | null)[]) {
  const field = 'num_kv_shared_layers';
  if (fields.count(field, 0) >= windows.length) fields.fail(field, 'less than there are layers');
  return kvSources(fields, windows, 0);
}

interface HeadsContext {
  readonly config: ModelConfig;
  readonly windows: readonly (number | null)[];
  readonly takesKeys: boolean;
}

/** Of each layer: `per_layer_config` says what differs, or in the first spelling fields for those without a window. */
function readHeads(
  fields: ConfigFields,
  { config, windows, takesKeys }: HeadsContext,
): readonly HeadSizes[] {
  const { numHeads, numKvHeads, headDim } = config;
  const byLayer = fields.object('per_layer_config');
  const sizesOf = (own: ConfigFields, names: readonly [dim: string, heads: string]): HeadSizes => {
    const [dim, heads] = names;
    const sizes = {
      numHeads,
      numKvHeads: own.size(heads, numKvHeads),
      headDim: own.size(dim, headDim),
    };
    if (numHeads % sizes.numKvHeads !== 0) own.fail(heads, `a divisor of ${numHeads}`);
    if (sizes.headDim % 2 !== 0 || sizes.headDim > 1024) own.fail(dim, 'even, and at most 1024');
    return sizes;
  };
  const ofWhole = fields.completed(
    { global_head_dim: 512 },
    takesKeys ? {} : { num_global_key_value_heads: numKvHeads },
  );
  return windows.map((window, layer) => {
    if (byLayer !== null) {
      const own = byLayer.object(layerKey(layer, windows.length)) ?? byLayer.object(String(layer));
      return own === null ? config : sizesOf(own, ['head_dim', 'num_key_value_heads']);
    }
    if (window !== null) return config;
    return sizesOf(ofWhole, ['global_head_dim', 'num_global_key_value_heads']);
  });
}

/** All keys are as long as the last layer's. */
function layerKey(layer: number, numLayers: number): string {
  return String(layer).padStart(String(numLayers - 1).length, '0');
}

function isSame(a: HeadSizes, b: HeadSizes): boolean {
  return a.headDim === b.headDim && a.numKvHeads === b.numKvHeads;
}

interface MlpContext {
  readonly norm: NormStyle;
  readonly activation: Activation;
  readonly config: ModelConfig;
  readonly sources: readonly (number | undefined)[];
}

/** Twice as wide where keys and values are another layer's, if config.json says so. */
function mlpOf(
  fields: ConfigFields,
  { norm, activation, config, sources }: MlpContext,
): (place: LayerPlace) => Part<MlpPlan> {
  const { hiddenSize, intermediateSize } = config;
  const widens = fields.boolean('use_double_wide_mlp', false);
  const widthOf = (layer: number): number =>
    intermediateSize * (widens && sources[layer] !== undefined ? 2 : 1);
  if (!fields.boolean('enable_moe_block', false)) {
    return ({ names, index }) =>
      gated(names.within('mlp'), { hiddenSize, width: widthOf(index) }, { activation });
  }
  const experts = {
    ...readExpertSizes(fields, { count: 'num_experts', topK: 'top_k_experts' }),
    activation,
    width: fields.size('moe_intermediate_size'),
    routing: softmaxRouting(true),
  };
  return (place) => besideMlp(place, norm, { experts, width: widthOf(place.index) });
}
