import type { PoolingMode } from '../../../core/model-spec.js';
import type { ConfigFields } from '../../families/config-fields.js';
import { alibiSlopes } from '../../families/parts/alibi.js';
import { attention } from '../../families/parts/attention.js';
import { layerNorm } from '../../families/parts/norm.js';
import type { Activation } from '../../activation.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { BERT_ATTENTION } from './bert.js';
import { fusedGlu } from './glu.js';
import { denseHead } from './heads.js';
import { encoderClasses } from './lines.js';
import { readEncoderSizes, readTokenTypes } from './sizes.js';

const POOLINGS: Readonly<Record<string, PoolingMode>> = { mean: 'mean', cls: 'cls', max: 'max' };
const GATES: Readonly<Record<string, Activation>> = { geglu: 'gelu', reglu: 'relu' };

/** BERT with ALiBi on both sides instead of positions and a gated MLP (jina-embeddings-v2, arXiv 2310.19923). */
export const JINA_BERT = encoderClasses({
  name: 'JinaBert',
  trunk: jinaBert,
  classifier: denseHead({ dense: 'pooler.dense', output: 'classifier' }),
}).map((family) =>
  family.classifier === null
    ? { ...family, pooling: (fields: ConfigFields) => fields.oneOf('emb_pooler', POOLINGS, 'mean') }
    : family,
);

function jinaBert(fields: ConfigFields, architecture: string): PooledTrunk {
  const config = readEncoderSizes(fields, {
    architecture,
    modelType: 'bert',
    contextLength: fields.size('max_position_embeddings', 512),
  });
  if (fields.text('position_embedding_type', 'absolute') !== 'alibi') {
    fields.fail('position_embedding_type', '"alibi"');
  }
  const activation = fields.oneOf('feed_forward_type', GATES, 'original');
  return encoder(config, {
    prefix: 'bert.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      tokenTypes: readTokenTypes(fields),
      norm: 'LayerNorm',
    },
    layers: 'encoder.layer',
    norm: layerNorm(fields, 'layer_norm_eps', 1e-12),
    norms: { place: 'behind', attention: 'attention.output.LayerNorm', mlp: 'mlp.layernorm' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        rotary: null,
        modules: BERT_ATTENTION,
      }),
    mlp: (place) =>
      fusedGlu(place, {
        activation,
        modules: { at: 'mlp', fused: 'gated_layers', down: 'wo' },
        first: 'gate',
        bias: { fused: false, down: true },
      }),
    scores: { kind: 'slopes', slopes: alibiSlopes(config.numHeads) },
  });
}
