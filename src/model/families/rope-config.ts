import { ModelConfigError, type ConfigFields } from './config-fields.js';
import { isOfVersion5 } from './saved-by.js';

const DEFAULT_THETA = 10_000;

/** Rotary embedding settings. `theta` is the base of the geometric series of wavelengths. */
export type RopeConfig = SettledRope | LongRope;

/** Those that are the same however long the context is. */
export type SettledRope = PlainRope | NtkRope | LinearRope | FactorsRope | Llama3Rope | YarnRope;

export interface PlainRope {
  /** `dynamic` is `default` up to the original length, and Radish never goes beyond that. */
  readonly type: 'default' | 'dynamic';
  readonly theta: number;
}

/** The base is stretched by `alpha ^ (d / (d - 2))`, where d dimensions are rotated: Hunyuan's. */
export interface NtkRope {
  readonly type: 'ntk';
  readonly theta: number;
  readonly alpha: number;
}

export interface LinearRope {
  readonly type: 'linear';
  readonly theta: number;
  readonly factor: number;
}

/** Each pair of dimensions has a factor that its wavelength is stretched by. A GGUF file keeps those of `llama3`. */
export interface FactorsRope {
  readonly type: 'factors';
  readonly theta: number;
  /** Half as many as dimensions are rotated. */
  readonly factors: readonly number[];
  /** Multiplies cos and sin. */
  readonly magnitude: number;
}

/**
 * LongRoPE, arXiv 2402.13753: some factors up to the original length, and others beyond it. Which ones is a matter of the
 * server's context length ({@link ropeAt}).
 */
export interface LongRope {
  readonly type: 'longrope';
  readonly theta: number;
  readonly short: LongFactors;
  readonly long: LongFactors;
  readonly originalContextLength: number;
  readonly longestContextLength: number;
}

type LongFactors = Pick<FactorsRope, 'factors' | 'magnitude'>;

export interface Llama3Rope {
  readonly type: 'llama3';
  readonly theta: number;
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalContextLength: number;
}

/** YaRN, arXiv 2309.00071. */
export interface YarnRope {
  readonly type: 'yarn';
  readonly theta: number;
  readonly factor: number;
  readonly originalContextLength: number;
  /** Multiplies cos and sin. */
  readonly attentionFactor: number;
  readonly betaFast: number;
  readonly betaSlow: number;
  /** Round the bounds of the ramp to whole dimensions. */
  readonly truncate: boolean;
}

/** How the heads of a layer are rotated: a dimension with the one half a head away. */
export interface RotaryPlan {
  readonly rope: RopeConfig;
  /** So many dimensions are, the first half of them and those that they turn with; the others stay as they are. */
  readonly dims: number;
  /** Frequencies are the first of those that so many dimensions would have; absent = of as many as are rotated. */
  readonly ofDims?: number;
}

/** Of a model none of whose layers rotates. */
export const NO_ROTATION: PlainRope = { type: 'default', theta: DEFAULT_THETA };

/** The rotary settings of a model, and how many positions they reach. */
export interface RopeReach {
  readonly rope: RopeConfig;
  readonly contextLength: number;
}

/** Layers that `layer_types` tells apart, and the newer `rope_parameters` with it. */
type LayerKind = 'full_attention' | 'sliding_attention';

type Scaling = Readonly<Record<string, string | number | boolean>>;

/**
 * The settings with a `rope_scaling` where there is no word of any: in version 4 of transformers null is a word, in version
 * 5 it is none. `newer` is what the class of the latter has.
 */
export function withScaling(fields: ConfigFields, scaling: Scaling, newer = scaling): ConfigFields {
  const isNewer = isOfVersion5(fields);
  if (fields.has('rope_parameters') || fields.has('rope_scaling')) return fields;
  if (!isNewer && fields.says('rope_scaling')) return fields;
  return fields.completed({}, { rope_scaling: isNewer ? newer : scaling });
}

/** `rope_scaling`, or the newer `rope_parameters`: of all layers, or those of `kind` in it. */
export function ropeSettings(
  fields: ConfigFields,
  kind: LayerKind = 'full_attention',
): ConfigFields | null {
  const settings = fields.object('rope_scaling') ?? fields.object('rope_parameters');
  return settings?.object(kind) ?? settings;
}

/**
 * Reads {@link ropeSettings} in either spelling of their type.
 * The reach follows SGLang: a scaling without `original_max_position_embeddings` multiplies it.
 */
export function readRope(
  fields: ConfigFields,
  defaultTheta = DEFAULT_THETA,
  kind: LayerKind = 'full_attention',
): RopeReach {
  const scaling = ropeSettings(fields, kind);
  const maxPositions = fields.size('max_position_embeddings');
  const outerTheta = fields.positive('rope_theta', defaultTheta);
  if (scaling === null) {
    return { rope: { type: 'default', theta: outerTheta }, contextLength: maxPositions };
  }
  const theta = scaling.positive('rope_theta', outerTheta);
  const type = scaling.text('rope_type', scaling.text('type', 'default'));
  // Phi-3 was saved with the types su and yarn for it.
  if (scaling.has('long_factor')) return readLong(fields, scaling, theta);
  switch (type) {
    case 'default':
    // Of text alone each token has the same place along all its axes.
    case 'mrope':
      return { rope: { type: 'default', theta }, contextLength: maxPositions };
    case 'dynamic': {
      // 0 is none, as in transformers.
      if (scaling.has('alpha') && scaling.raw('alpha') !== 0) {
        const alpha = scaling.positive('alpha');
        return { rope: { type: 'ntk', theta, alpha }, contextLength: maxPositions };
      }
      const original = scaling.size('original_max_position_embeddings', maxPositions);
      return { rope: { type, theta }, contextLength: Math.min(original, maxPositions) };
    }
    case 'linear': {
      const factor = readFactor(scaling);
      return { rope: { type, theta, factor }, contextLength: Math.floor(maxPositions * factor) };
    }
    case 'factors':
      return {
        rope: { type, theta, factors: readFactors(scaling, type), magnitude: 1 },
        contextLength: maxPositions,
      };
    case 'llama3':
      return { rope: readLlama3(scaling, theta, maxPositions), contextLength: maxPositions };
    case 'yarn':
      return readYarn(scaling, theta, maxPositions);
    default:
      throw new ModelConfigError(
        `config.json: rope scaling type '${type}' is not supported. ` +
          'Supported types: default, linear, dynamic, llama3, longrope, yarn',
      );
  }
}

function readFactor(scaling: ConfigFields): number {
  const factor = scaling.positive('factor');
  if (factor < 1) scaling.fail('factor', 'a number from 1');
  return factor;
}

function readFactors(scaling: ConfigFields, field: string): readonly number[] {
  const factors = scaling.raw(field);
  const isFactor = (value: unknown): value is number => typeof value === 'number' && value >= 1;
  if (Array.isArray(factors) && factors.every(isFactor)) return factors;
  return scaling.fail(field, 'a list of numbers from 1');
}

/** The reach is the original length: beyond it the factors of all positions are others. */
function readLong(fields: ConfigFields, scaling: ConfigFields, theta: number): RopeReach {
  const longest = fields.size('max_position_embeddings');
  const field = 'original_max_position_embeddings';
  const original = scaling.has(field) ? scaling.size(field) : fields.size(field, longest);
  // Beside the lengths themselves version 4 of transformers reads no factor.
  const saysFactor = scaling.has('factor') && (scaling.has(field) || !fields.has(field));
  const factor = saysFactor ? scaling.positive('factor') : longest / original;
  const magnitude = scaling.has('attention_factor')
    ? scaling.positive('attention_factor')
    : longMagnitude(factor, original);
  const side = (name: 'short' | 'long'): LongFactors => ({
    factors: readFactors(scaling, `${name}_factor`),
    magnitude: scaling.positive(`${name}_mscale`, magnitude),
  });
  return {
    rope: {
      type: 'longrope',
      theta,
      short: side('short'),
      long: side('long'),
      originalContextLength: original,
      longestContextLength: longest,
    },
    contextLength: Math.min(original, longest),
  };
}

function longMagnitude(factor: number, original: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
}

/**
 * The rotation of a server with that context length. transformers chooses factors by the length of each sequence, and
 * rotates all keys anew where it grows beyond the original one, which a prefix cache cannot do.
 */
export function ropeAt(rope: RopeConfig, contextLength: number): SettledRope {
  if (rope.type !== 'longrope') return rope;
  const { theta, short, long, originalContextLength } = rope;
  const side = contextLength > originalContextLength ? long : short;
  return { type: 'factors', theta, ...side };
}

function readLlama3(scaling: ConfigFields, theta: number, maxPositions: number): Llama3Rope {
  const lowFreqFactor = scaling.positive('low_freq_factor');
  const highFreqFactor = scaling.positive('high_freq_factor');
  if (highFreqFactor <= lowFreqFactor) {
    scaling.fail('high_freq_factor', `above "low_freq_factor" (${lowFreqFactor})`);
  }
  const originalContextLength = scaling.size('original_max_position_embeddings', maxPositions);
  const factor = readFactor(scaling);
  return { type: 'llama3', theta, factor, lowFreqFactor, highFreqFactor, originalContextLength };
}

function readYarn(scaling: ConfigFields, theta: number, maxPositions: number): RopeReach {
  const factor = readFactor(scaling);
  const knowsOriginal = scaling.has('original_max_position_embeddings');
  const rope: YarnRope = {
    type: 'yarn',
    theta,
    factor,
    originalContextLength: scaling.size('original_max_position_embeddings', maxPositions),
    attentionFactor: scaling.has('attention_factor')
      ? scaling.positive('attention_factor')
      : inferredAttentionFactor(scaling, factor),
    betaFast: scaling.positive('beta_fast', 32),
    betaSlow: scaling.positive('beta_slow', 1),
    truncate: scaling.boolean('truncate', true),
  };
  const contextLength = knowsOriginal ? maxPositions : Math.floor(maxPositions * factor);
  return { rope, contextLength };
}

/** `mscale` counts only together with `mscale_all_dim`, as in transformers. */
function inferredAttentionFactor(scaling: ConfigFields, factor: number): number {
  const magnitude = (mscale: number): number =>
    factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
  const isSet = (name: string): boolean => scaling.has(name) && scaling.raw(name) !== 0;
  if (!isSet('mscale') || !isSet('mscale_all_dim')) return magnitude(1);
  return magnitude(scaling.positive('mscale')) / magnitude(scaling.positive('mscale_all_dim'));
}
