import type { ConfigFields } from '../../families/config-fields.js';
import { attention } from '../../families/parts/attention.js';
import { plainMlp } from '../../families/parts/mlp.js';
import { layerNorm } from '../../families/parts/norm.js';
import { encoder } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { readEncoderSizes, readHiddenActivation, readTokenTypes } from './sizes.js';

/**
 * XLM-RoBERTa with a rotation instead of positions, as Jina's class stores it (jina-embeddings-v3, jina-reranker-v2): its
 * own weights without the adapters of a task.
 */
export function flashRoberta(fields: ConfigFields, architecture: string): PooledTrunk {
  const newer = fields.object('rope_parameters')?.positive('rope_theta', 20_000);
  const config = readEncoderSizes(fields, {
    architecture,
    modelType: 'xlm-roberta',
    contextLength: fields.size('max_position_embeddings', 512),
    rope: { type: 'default', theta: fields.positive('rotary_emb_base', newer ?? 10_000) },
  });
  const activation = readHiddenActivation(fields);
  return encoder(config, {
    prefix: 'roberta.',
    entry: {
      at: 'embeddings',
      words: 'word_embeddings',
      tokenTypes: readTokenTypes(fields),
      norm: 'emb_ln',
      normAt: '',
    },
    layers: 'encoder.layers',
    norm: layerNorm(fields, 'layer_norm_eps', 1e-12),
    norms: { place: 'behind', attention: 'norm1', mlp: 'norm2' },
    attention: (place) =>
      attention(place, {
        qkvBias: true,
        outputBias: true,
        fused: { module: 'Wqkv', heads: 'in order' },
        modules: { at: 'mixer', o: 'out_proj' },
      }),
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: 'mlp', up: 'fc1', down: 'fc2' },
      }),
  });
}
