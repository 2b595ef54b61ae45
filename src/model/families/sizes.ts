import { ModelConfigError, type ConfigFields } from './config-fields.js';
import type { ModelConfig } from './model-config.js';
import { readRope, type RopeReach, ropeSettings } from './rope-config.js';

/** More than any model has; tables of positions are made for each. */
const MAX_HEAD_DIM = 1024;

export interface SizeTraits {
  readonly architecture: string;
  readonly modelType: string;
  /** Used where config.json has no `head_dim`; default: hidden_size / num_attention_heads. */
  readonly defaultHeadDim?: number | null;
  /** Used where config.json has no `intermediate_size`; default: it must. */
  readonly intermediateSize?: number;
  /** False: a head is its share of `hidden_size`, whatever else config.json says. */
  readonly hasHeadDim?: boolean;
  /** False: each head has keys and values of its own, whatever else config.json says. */
  readonly sharesHeads?: boolean;
  /** Default: `num_hidden_layers`. */
  readonly numLayers?: number;
  /** Default: `rope_theta`, `rope_scaling` and `rope_parameters`, for all dimensions of a head. */
  readonly reach?: RopeReach;
}

/** Reads the sizes that most decoders have under the same names. */
export function readSizes(fields: ConfigFields, traits: SizeTraits): ModelConfig {
  const { architecture, modelType } = traits;
  const reach = traits.reach ?? readRope(fields);
  return {
    architecture,
    modelType,
    ...readHeads(fields, traits),
    vocabSize: fields.size('vocab_size'),
    intermediateSize: fields.size('intermediate_size', traits.intermediateSize),
    numLayers: traits.numLayers ?? fields.numLayers(),
    rope: reach.rope,
    derivedContextLength: reach.contextLength,
  };
}

type HeadTraits = Pick<SizeTraits, 'defaultHeadDim' | 'hasHeadDim' | 'sharesHeads'>;
type HeadSizes = Pick<ModelConfig, 'hiddenSize' | 'numHeads' | 'numKvHeads' | 'headDim'>;

function readHeads(
  fields: ConfigFields,
  { defaultHeadDim = null, hasHeadDim = true, sharesHeads = true }: HeadTraits,
): HeadSizes {
  const hiddenSize = fields.size('hidden_size');
  const numHeads = fields.size('num_attention_heads');
  const numKvHeads = sharesHeads ? fields.size('num_key_value_heads', numHeads) : numHeads;
  if (numHeads % numKvHeads !== 0) {
    fields.fail('num_key_value_heads', `a divisor of "num_attention_heads" (${numHeads})`);
  }
  const says = hasHeadDim && (fields.has('head_dim') || defaultHeadDim !== null);
  if (!says && hiddenSize % numHeads !== 0) {
    fields.fail('num_attention_heads', `a divisor of "hidden_size" (${hiddenSize})`);
  }
  const derived = hiddenSize / numHeads;
  const headDim = hasHeadDim ? fields.size('head_dim', defaultHeadDim ?? derived) : derived;
  if (headDim > MAX_HEAD_DIM) {
    throw new ModelConfigError(
      `config.json: heads of ${headDim} dimensions are not supported: at most ${MAX_HEAD_DIM}`,
    );
  }
  if (headDim % 2 !== 0) fields.fail('head_dim', 'even, for the rotary embedding');
  return { hiddenSize, numHeads, numKvHeads, headDim };
}

/** Refuses what a family's class has no code for: all dimensions of a head are rotated. */
export function refusePartialRotary(fields: ConfigFields): void {
  const newer = ropeSettings(fields)?.positive('partial_rotary_factor', 1) ?? 1;
  if (fields.positive('partial_rotary_factor', newer) !== 1) {
    fields.fail('partial_rotary_factor', '1 (this architecture rotates whole heads)');
  }
}
