import { ModelConfigError, type ConfigFields } from '../config-fields.js';
import type { ModelConfig } from '../config.js';
import { readRope } from '../rope-config.js';

/** What differs between the families of Llama-like decoders. */
export type FamilyTraits = Pick<
  ModelConfig,
  'architecture' | 'modelType' | 'qkvBias' | 'outputBias' | 'mlpBias' | 'qkNorm' | 'moe'
> & {
  readonly layerWindows: readonly (number | null)[];
  /** Used where config.json has no `head_dim`; null = hidden_size / num_attention_heads. */
  readonly defaultHeadDim: number | null;
};

/** Reads the fields that all Llama-like decoders share. */
export function readDecoderConfig(fields: ConfigFields, traits: FamilyTraits): ModelConfig {
  refuseUnsupported(fields);
  const { defaultHeadDim, ...family } = traits;
  const reach = readRope(fields);
  return {
    ...family,
    ...readHeads(fields, defaultHeadDim),
    vocabSize: fields.size('vocab_size'),
    intermediateSize: fields.size('intermediate_size'),
    numLayers: fields.size('num_hidden_layers'),
    rmsNormEps: fields.positive('rms_norm_eps', 1e-6),
    tieWordEmbeddings: fields.boolean('tie_word_embeddings', false),
    rope: reach.rope,
    derivedContextLength: reach.contextLength,
  };
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
  if (headDim % 2 !== 0) fields.fail('head_dim', 'even, for the rotary embedding');
  return { hiddenSize, numHeads, numKvHeads, headDim };
}

function refuseUnsupported(fields: ConfigFields): void {
  const activation = fields.text('hidden_act', 'silu');
  if (activation !== 'silu' && activation !== 'swish') {
    throw new ModelConfigError(
      `config.json: "hidden_act" '${activation}' is not supported. Supported: silu`,
    );
  }
  if (fields.positive('partial_rotary_factor', 1) !== 1) {
    fields.fail('partial_rotary_factor', '1 (partial rotary embeddings are not supported)');
  }
  if (fields.has('quantization_config')) {
    throw new ModelConfigError(
      'config.json: "quantization_config" is not supported: use the unquantized checkpoint',
    );
  }
}
