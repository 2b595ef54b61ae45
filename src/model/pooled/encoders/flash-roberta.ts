import type { ConfigFields } from '../../families/config-fields.js';
import { plainMlp } from '../../families/parts/mlp.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { flashEncoder } from './flash.js';
import { readEncoderSizes, readHiddenActivation } from './sizes.js';
import { withTaskAdapters } from './task-adapters.js';

/**
 * XLM-RoBERTa with a rotation instead of positions, as Jina's class stores it (jina-embeddings-v3, jina-reranker-v2),
 * with the adapters of one task, or of none.
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
  const trunk = flashEncoder(fields, config, {
    prefix: 'roberta.',
    attention: { at: 'mixer', bias: true },
    mlp: (place) =>
      plainMlp(place, {
        activation,
        bias: true,
        modules: { at: 'mlp', up: 'fc1', down: 'fc2' },
      }),
  });
  return withTaskAdapters(trunk, fields);
}
