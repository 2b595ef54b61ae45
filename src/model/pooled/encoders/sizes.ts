import type { Activation } from '../../activation.js';
import type { ConfigFields } from '../../families/config-fields.js';
import type { ModelConfig } from '../../families/model-config.js';
import { HIDDEN_ACTIVATIONS } from '../activation-names.js';
import type { EntryTraits } from '../encoder.js';

/** What most config classes have where config.json leaves it out. */
const BERT_SIZES = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
};

export interface EncoderSizeTraits {
  readonly architecture: string;
  readonly modelType: string;
  /** Most tokens of a text. */
  readonly contextLength: number;
  readonly rope?: ModelConfig['rope'];
  /** Of the config class, where they are not BERT's. */
  readonly defaults?: Partial<typeof BERT_SIZES>;
}

/** Of an encoder without a rotation nothing reads it. */
const NO_ROPE = { type: 'default', theta: 10_000 } as const;

/** Reads the sizes that most encoders have under the same names. */
export function readEncoderSizes(own: ConfigFields, traits: EncoderSizeTraits): ModelConfig {
  const { architecture, modelType, contextLength, rope = NO_ROPE, defaults = {} } = traits;
  const fields = own.completed({ ...BERT_SIZES, ...defaults });
  const hiddenSize = fields.size('hidden_size');
  const numHeads = fields.size('num_attention_heads');
  if (hiddenSize % numHeads !== 0) {
    fields.fail('num_attention_heads', `a divisor of "hidden_size" (${hiddenSize})`);
  }
  return {
    architecture,
    modelType,
    vocabSize: fields.size('vocab_size'),
    hiddenSize,
    intermediateSize: fields.size('intermediate_size'),
    numLayers: fields.numLayers(),
    numHeads,
    numKvHeads: numHeads,
    headDim: hiddenSize / numHeads,
    derivedContextLength: contextLength,
    rope,
  };
}

/** Learned positions: rows of their table, and how many tokens have one. */
export function readLearnedPositions(fields: ConfigFields, paddingId: number | null) {
  const rows = fields.size('max_position_embeddings', 512);
  const contextLength = rows - (paddingId === null ? 0 : paddingId + 1);
  if (contextLength < 1) fields.fail('max_position_embeddings', 'more than "pad_token_id" + 1');
  return { rows, contextLength };
}

/** A table for `type_vocab_size`; null = none. */
export function readTokenTypes(
  fields: ConfigFields,
  fallback = 2,
): NonNullable<EntryTraits['tokenTypes']> | null {
  const rows = fields.count('type_vocab_size', fallback);
  return rows === 0 ? null : { module: 'token_type_embeddings', rows };
}

/** `hidden_act`, which some call by another name. */
export function readHiddenActivation(fields: ConfigFields, field = 'hidden_act'): Activation {
  return fields.oneOf(field, HIDDEN_ACTIVATIONS, 'gelu');
}

/** Refuses encoders that generate. */
export function refuseDecoder(fields: ConfigFields): void {
  if (fields.boolean('is_decoder', false)) {
    fields.fail('is_decoder', 'false (encoders that generate are not supported)');
  }
}
