import type { ConfigFields } from '../../families/config-fields.js';
import { attention } from '../../families/parts/attention.js';
import { layerNorm } from '../../families/parts/norm.js';
import type { RopeConfig } from '../../families/rope-config.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { fusedGlu } from './glu.js';
import { denseHead, wordsHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { readEncoderSizes, readHiddenActivation, readTokenTypes } from './sizes.js';

/**
 * BERT with a rotation instead of positions and a gated MLP (arXiv 2407.19669), under the name of Alibaba's class and that
 * of transformers' own.
 */
export const GTE = ['New', 'Gte'].flatMap((name) =>
  encoderClasses({
    name,
    trunk: gte,
    classifier: denseHead({ dense: 'pooler.dense', output: 'classifier' }),
    words: (fields, trunk) =>
      wordsHead(fields, trunk, {
        dense: 'lm_head.dense',
        norm: 'lm_head.norm',
        decoder: 'lm_head.decoder',
        bias: 'lm_head.decoder.bias',
        activation: name === 'New' ? readHiddenActivation(fields) : 'gelu',
        style: layerNorm(fields, 'layer_norm_eps', 1e-12),
      }),
  }),
);

function gte(fields: ConfigFields, architecture: string): PooledTrunk {
  refuseOthers(fields);
  const isNew = architecture.startsWith('New');
  const config = readEncoderSizes(fields, {
    architecture,
    modelType: isNew ? 'new' : 'gte',
    contextLength: fields.size('max_position_embeddings', 8192),
    rope: readNtk(fields, isNew ? 10_000 : 160_000),
  });
  const activation = readHiddenActivation(fields);
  return encoder(config, {
    prefix: isNew ? 'new.' : 'gte.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      tokenTypes: readTokenTypes(fields, 1),
      norm: 'LayerNorm',
    },
    layers: 'encoder.layer',
    norm: layerNorm(fields, 'layer_norm_eps', 1e-12),
    norms: { place: 'behind', attention: 'attn_ln', mlp: 'mlp_ln' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        fused: { module: 'qkv_proj', heads: 'in order' },
        modules: { at: 'attention', o: 'o_proj' },
      }),
    mlp: (place) =>
      fusedGlu(place, {
        activation,
        modules: { at: 'mlp', fused: 'up_gate_proj', down: 'down_proj' },
        first: 'up',
        bias: { fused: false, down: true },
      }),
  });
}

/**
 * Its own scaling `ntk`: a longer base, and all angles divided by the root of the factor that the last pair of dimensions
 * has in it.
 */
function readNtk(fields: ConfigFields, fallback: number): RopeConfig {
  const newer = fields.object('rope_parameters')?.positive('rope_theta', fallback);
  const theta = fields.positive('rope_theta', newer ?? fallback);
  const scaling = fields.object('rope_scaling');
  if (scaling === null) return { type: 'default', theta };
  if (scaling.text('type', scaling.text('rope_type', 'ntk')) !== 'ntk') {
    scaling.fail('type', '"ntk" (this architecture has no other scaling)');
  }
  if (scaling.has('mixed_b')) scaling.fail('mixed_b', 'null');
  const factor = scaling.positive('factor');
  const headDim = fields.size('hidden_size') / fields.size('num_attention_heads');
  return { type: 'linear', theta: theta * factor, factor: factor ** (2 / headDim) };
}

function refuseOthers(fields: ConfigFields): void {
  const position = fields.text('position_embedding_type', 'rope');
  // What transformers' class has inherited says nothing of it.
  if (position !== 'rope' && position !== 'absolute')
    fields.fail('position_embedding_type', '"rope"');
  if (fields.text('layer_norm_type', 'layer_norm') !== 'layer_norm') {
    fields.fail('layer_norm_type', '"layer_norm"');
  }
  if (fields.boolean('logn_attention_scale', false)) fields.fail('logn_attention_scale', 'false');
}
