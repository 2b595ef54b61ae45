import type { ConfigFields } from '../families/config-fields.js';
import { HIDDEN_ACTIVATIONS } from './activation-names.js';
import type { EncoderConfig } from './pooled-plan.js';

/** What differs between BERT and the RoBERTa line. */
export interface EncoderTraits {
  readonly architecture: string;
  readonly modelType: string;
  /** The RoBERTa line numbers positions from `pad_token_id + 1` on. */
  readonly countsPositionsFromPadding: boolean;
}

/** Reads the fields that BERT and RoBERTa share. */
export function readEncoderConfig(fields: ConfigFields, traits: EncoderTraits): EncoderConfig {
  refuseUnsupported(fields);
  const numPositions = fields.size('max_position_embeddings', 512);
  const paddingId = traits.countsPositionsFromPadding ? fields.count('pad_token_id', 1) : null;
  const hiddenSize = fields.size('hidden_size');
  const numHeads = fields.size('num_attention_heads');
  if (hiddenSize % numHeads !== 0) {
    fields.fail('num_attention_heads', `a divisor of "hidden_size" (${hiddenSize})`);
  }
  const derivedContextLength = numPositions - (paddingId === null ? 0 : paddingId + 1);
  if (derivedContextLength < 1) {
    fields.fail('max_position_embeddings', 'more than "pad_token_id" + 1');
  }
  return {
    architecture: traits.architecture,
    modelType: traits.modelType,
    vocabSize: fields.size('vocab_size'),
    hiddenSize,
    intermediateSize: fields.size('intermediate_size'),
    numLayers: fields.numLayers(),
    numHeads,
    layerNormEps: fields.positive('layer_norm_eps', 1e-12),
    activation: fields.oneOf('hidden_act', HIDDEN_ACTIVATIONS, 'gelu'),
    numPositions,
    paddingId,
    numTokenTypes: fields.size('type_vocab_size', 2),
    derivedContextLength,
  };
}

function refuseUnsupported(fields: ConfigFields): void {
  if (fields.text('position_embedding_type', 'absolute') !== 'absolute') {
    fields.fail('position_embedding_type', '"absolute" (relative positions are not supported)');
  }
  if (fields.boolean('is_decoder', false)) {
    fields.fail('is_decoder', 'false (encoders that generate are not supported)');
  }
}
