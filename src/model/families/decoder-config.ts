import { ModelConfigError, type ConfigFields } from './config-fields.js';
import type { GateActivation, ModelConfig } from './model-config.js';
import { readRope } from './rope-config.js';

/** What differs between the families of Llama-like decoders. */
export type FamilyTraits = Pick<
  ModelConfig,
  'architecture' | 'modelType' | 'qkvBias' | 'outputBias' | 'mlpBias' | 'qkNorm' | 'moe'
> &
  Partial<Additions> & {
    readonly layerWindows: readonly (number | null)[];
    /** Used where config.json has no `head_dim`; null = hidden_size / num_attention_heads. */
    readonly defaultHeadDim: number | null;
  };

/** More than any model has; tables of positions are made for each. */
const MAX_HEAD_DIM = 1024;
/** Names of activations in config.json. */
const GATE_ACTIVATIONS: Readonly<Record<string, GateActivation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu_pytorch_tanh: 'gelu_tanh',
};

/** What only some families have. */
type Additions = Pick<
  ModelConfig,
  | 'normGainOffset'
  | 'tieWordEmbeddings'
  | 'embeddingScale'
  | 'gateActivation'
  | 'attentionScale'
  | 'attentionSoftcap'
  | 'logitSoftcap'
>;

/** Reads the fields that all Llama-like decoders share. */
export function readDecoderConfig(fields: ConfigFields, traits: FamilyTraits): ModelConfig {
  refuseUnsupported(fields);
  const { defaultHeadDim, ...family } = traits;
  const reach = readRope(fields);
  const heads = readHeads(fields, defaultHeadDim);
  return {
    normGainOffset: 0,
    embeddingScale: 1,
    attentionScale: 1 / Math.sqrt(heads.headDim),
    attentionSoftcap: null,
    logitSoftcap: null,
    tieWordEmbeddings: fields.boolean('tie_word_embeddings', false),
    gateActivation: traits.gateActivation ?? readGateActivation(fields, 'hidden_act', 'silu'),
    ...family,
    ...heads,
    vocabSize: fields.size('vocab_size'),
    intermediateSize: fields.size('intermediate_size'),
    numLayers: fields.numLayers(),
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    rope: reach.rope,
    derivedContextLength: reach.contextLength,
  };
}

/** Reads `field`, which each family calls its own name. `fallback` is a name as config.json has it. */
export function readGateActivation(
  fields: ConfigFields,
  field: string,
  fallback: string,
): GateActivation {
  return fields.oneOf(field, GATE_ACTIVATIONS, fallback);
}

type HeadSizes = Pick<ModelConfig, 'hiddenSize' | 'numHeads' | 'numKvHeads' | 'headDim'>;

function readHeads(fields: ConfigFields, defaultHeadDim: number | null): HeadSizes {
  const hiddenSize = fields.size('hidden_size');
  const numHeads = fields.size('num_attention_heads');
  const numKvHeads = fields.size('num_key_value_heads', numHeads);
  if (numHeads % numKvHeads !== 0) {
    fields.fail('num_key_value_heads', `a divisor of "num_attention_heads" (${numHeads})`);
  }
  if (!fields.has('head_dim') && defaultHeadDim === null && hiddenSize % numHeads !== 0) {
    fields.fail('num_attention_heads', `a divisor of "hidden_size" (${hiddenSize})`);
  }
  const headDim = fields.size('head_dim', defaultHeadDim ?? hiddenSize / numHeads);
  if (headDim > MAX_HEAD_DIM) {
    throw new ModelConfigError(
      `config.json: heads of ${headDim} dimensions are not supported: at most ${MAX_HEAD_DIM}`,
    );
  }
  if (headDim % 2 !== 0) fields.fail('head_dim', 'even, for the rotary embedding');
  return { hiddenSize, numHeads, numKvHeads, headDim };
}

function refuseUnsupported(fields: ConfigFields): void {
  if (fields.positive('partial_rotary_factor', 1) !== 1) {
    fields.fail('partial_rotary_factor', '1 (partial rotary embeddings are not supported)');
  }
}
