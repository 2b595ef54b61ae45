import type { PoolingMode } from '../../../core/model-spec.js';
import type { ConfigFields } from '../../families/config-fields.js';
import type { RopeConfig } from '../../families/rope-config.js';
import { attention } from '../../families/parts/attention.js';
import { Names } from '../../families/parts/names.js';
import { norm, type NormStyle } from '../../families/parts/norm.js';
import { windowsByLayer } from '../../families/sliding-window.js';
import { encoder } from '../encoder.js';
import type { ClassifierSizes } from '../family.js';
import type { PooledTrunk, PoolStage } from '../pooled-plan.js';
import { fusedGlu } from './glu.js';
import { linearStage, squashing, wordsHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { readEncoderSizes, readHiddenActivation } from './sizes.js';

const POOLINGS: Readonly<Record<string, PoolingMode>> = { cls: 'cls', mean: 'mean' };

/**
 * Norms before the halves, GeGLU, a rotation instead of positions; two layers of three see a window and rotate by another
 * base (arXiv 2412.13663).
 */
export const MODERNBERT = encoderClasses({
  name: 'ModernBert',
  trunk: modernbert,
  classifier: head,
  pooling: (fields) => fields.oneOf('classifier_pooling', POOLINGS, 'cls'),
  tokens: head,
  words: (fields, trunk) =>
    wordsHead(fields, trunk, {
      dense: 'head.dense',
      norm: 'head.norm',
      decoder: 'decoder',
      bias: fields.boolean('decoder_bias', true) ? 'decoder.bias' : null,
      denseBias: fields.boolean('classifier_bias', false),
      activation: readHiddenActivation(fields, 'classifier_activation'),
      style: normStyle(fields),
    }),
});

function modernbert(fields: ConfigFields, architecture: string): PooledTrunk {
  const rope = readTheta(fields, 'full_attention', ['global_rope_theta', 160_000]);
  const local = readTheta(fields, 'sliding_attention', ['local_rope_theta', 10_000]);
  const config = readEncoderSizes(fields, {
    architecture,
    modelType: 'modernbert',
    contextLength: fields.size('max_position_embeddings', 8192),
    rope,
  });
  const activation = readHiddenActivation(fields, 'hidden_activation');
  const bias = fields.boolean('attention_bias', false);
  const mlpBias = fields.boolean('mlp_bias', false);
  const every = fields.size('global_attn_every_n_layers', 3);
  const window = Math.floor(fields.size('local_attention', 128) / 2) + 1;
  const windows = windowsByLayer(fields, window, (layer) => layer % every !== 0);
  return encoder(config, {
    prefix: 'model.',
    entry: { at: 'embeddings', words: 'tok_embeddings', norm: 'norm' },
    layers: 'layers',
    norm: normStyle(fields),
    norms: {
      place: 'before',
      attention: (layer) => (layer === 0 ? null : 'attn_norm'),
      mlp: 'mlp_norm',
      last: 'final_norm',
    },
    attention: (place) => {
      const own = windows[place.index] ?? null;
      return attention(place, {
        qkvBias: bias,
        outputBias: bias,
        rotary: { rope: own === null ? rope : local, dims: config.headDim, interleaved: false },
        window: own,
        fused: { module: 'Wqkv', heads: 'in order' },
        modules: { at: 'attn', o: 'Wo' },
      });
    },
    mlp: (place) =>
      fusedGlu(place, {
        activation,
        modules: { at: 'mlp', fused: 'Wi', down: 'Wo' },
        first: 'gate',
        bias: { fused: mlpBias, down: mlpBias },
      }),
  });
}

/** transformers 5 has the bases by the kind of a layer. */
function readTheta(
  fields: ConfigFields,
  kind: string,
  [older, fallback]: readonly [string, number],
): RopeConfig {
  const newer = fields.object('rope_parameters')?.object(kind)?.positive('rope_theta', fallback);
  return { type: 'default', theta: fields.positive(older, newer ?? fallback) };
}

function normStyle(fields: ConfigFields): NormStyle {
  const hasBias = fields.boolean('norm_bias', false);
  return {
    kind: 'layer',
    eps: fields.positive('norm_eps', 1e-5),
    gainOffset: 0,
    hasGain: true,
    hasBias,
  };
}

/** A linear, its activation and the norm of that before the linear of the labels. */
function head(fields: ConfigFields, sizes: ClassifierSizes): PoolStage[] {
  const { hiddenSize } = sizes;
  const activation = readHiddenActivation(fields, 'classifier_activation');
  const module = { name: 'head.norm', module: 'head.norm', width: hiddenSize };
  return [
    linearStage(
      'head.dense',
      { hiddenSize, numLabels: hiddenSize },
      fields.boolean('classifier_bias', false),
    ),
    { kind: 'activation', activation },
    { kind: 'norm', norm: norm(new Names('', ''), normStyle(fields), module) },
    linearStage('classifier', sizes),
    ...squashing(fields),
  ];
}
