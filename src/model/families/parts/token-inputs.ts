import type { Activation } from '../../activation.js';
import type { TokenInputPlan, TokenInputsPlan } from '../../plan/streams.js';
import type { ConfigFields } from '../config-fields.js';
import type { ModelConfig } from '../model-config.js';
import { Names } from './names.js';
import { norm, type NormStyle } from './norm.js';
import type { LayerPlace } from './place.js';

export interface TokenInputTraits {
  /** Numbers of a token for each layer. */
  readonly width: number;
  /** Ids that have some. */
  readonly numIds: number;
  readonly norm: NormStyle;
  readonly activation: Activation;
}

/** Per-layer embeddings of Gemma 3n and 4; null = the model has none. */
export function readTokenInputs(
  fields: ConfigFields,
  style: Pick<TokenInputTraits, 'norm' | 'activation'>,
): TokenInputTraits | null {
  const width = fields.count('hidden_size_per_layer_input', 256);
  if (width === 0) return null;
  return { ...style, width, numIds: fields.size('vocab_size_per_layer_input', 262_144) };
}

/** What all layers' are made of. */
export function tokenInputs(
  { hiddenSize, numLayers }: ModelConfig,
  { width, numIds, norm: style }: TokenInputTraits,
): TokenInputsPlan {
  const names = new Names('token_inputs', 'model');
  const columns = numLayers * width;
  return {
    width,
    embedding: names.tensor('embedding', 'embed_tokens_per_layer.weight', [numIds, columns]),
    embeddingScale: Math.sqrt(width),
    projection: names.linear('projection', {
      in: hiddenSize,
      parts: [['per_layer_model_projection', columns]],
      bias: false,
    }),
    projectionScale: 1 / Math.sqrt(hiddenSize),
    norm: norm(names, style, { name: 'norm', module: 'per_layer_projection_norm', width }),
  };
}

/** How a layer adds its own to the stream. */
export function tokenInput(
  { names: layer, config: { hiddenSize } }: LayerPlace,
  { width, norm: style, activation }: TokenInputTraits,
): TokenInputPlan {
  const names = layer.below('token_input', '');
  const linear = (name: string, module: string, from: number, to: number) =>
    names.linear(name, { in: from, parts: [[module, to]], bias: false });
  const module = 'post_per_layer_input_norm';
  return {
    gate: linear('gate', 'per_layer_input_gate', hiddenSize, width),
    activation,
    up: linear('up', 'per_layer_projection', width, hiddenSize),
    norm: norm(names, style, { name: 'norm', module, width: hiddenSize }),
  };
}
