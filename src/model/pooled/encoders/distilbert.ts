import type { ConfigFields } from '../../families/config-fields.js';
import { attention } from '../../families/parts/attention.js';
import { plainMlp } from '../../families/parts/mlp.js';
import type { NormStyle } from '../../families/parts/norm.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk, PoolStage } from '../pooled-plan.js';
import { denseHead, wordsHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { readEncoderSizes, readHiddenActivation, readLearnedPositions } from './sizes.js';

/** Usual names of what its config.json calls its own way. */
const NAMES = {
  hidden_size: 'dim',
  intermediate_size: 'hidden_dim',
  num_hidden_layers: 'n_layers',
  num_attention_heads: 'n_heads',
  hidden_act: 'activation',
};

/** The class has no field for it. */
const NORM: NormStyle = { kind: 'layer', eps: 1e-12, gainOffset: 0, hasGain: true, hasBias: true };

/** BERT without token types (arXiv 1910.01108). */
export const DISTILBERT = encoderClasses({
  name: 'DistilBert',
  trunk: distilbert,
  classifier: denseHead({ dense: 'pre_classifier', output: 'classifier', activation: 'relu' }),
  words,
});

function words(own: ConfigFields, trunk: PooledTrunk): readonly PoolStage[] {
  return wordsHead(own, trunk, {
    dense: 'vocab_transform',
    norm: 'vocab_layer_norm',
    decoder: 'vocab_projector',
    bias: 'vocab_projector.bias',
    activation: readHiddenActivation(own.named(NAMES)),
    style: NORM,
  });
}

function distilbert(own: ConfigFields, architecture: string): PooledTrunk {
  const fields = own.named(NAMES);
  // Sinusoidal positions are stored as any other table.
  const { rows, contextLength } = readLearnedPositions(fields, null);
  const config = readEncoderSizes(fields, { architecture, modelType: 'distilbert', contextLength });
  const activation = readHiddenActivation(fields);
  return encoder(config, {
    prefix: 'distilbert.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      positions: { module: 'position_embeddings', rows, paddingId: null },
      norm: 'LayerNorm',
    },
    layers: 'transformer.layer',
    norm: NORM,
    norms: { place: 'behind', attention: 'sa_layer_norm', mlp: 'output_layer_norm' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        rotary: null,
        modules: { at: 'attention', q: 'q_lin', k: 'k_lin', v: 'v_lin', o: 'out_lin' },
      }),
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: 'ffn', up: 'lin1', down: 'lin2' },
      }),
  });
}
