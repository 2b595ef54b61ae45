import type { ConfigFields } from '../../families/config-fields.js';
import type { ModelConfig } from '../../families/model-config.js';
import { attention } from '../../families/parts/attention.js';
import { layerNorm } from '../../families/parts/norm.js';
import { encoder, type EncoderNetwork } from '../encoder.js';
import type { PooledTrunk } from '../pooled-plan.js';
import { readTokenTypes } from './sizes.js';

export interface FlashTraits extends Pick<EncoderNetwork, 'prefix' | 'mlp'> {
  readonly attention: { readonly at: string; readonly bias: boolean };
}

/** BERT's order of norms with a rotation instead of positions, under the names of FlashAttention's BERT class. */
export function flashEncoder(
  fields: ConfigFields,
  config: ModelConfig,
  { attention: { at, bias }, ...traits }: FlashTraits,
): PooledTrunk {
  return encoder(config, {
    ...traits,
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
        qkvBias: bias,
        outputBias: bias,
        fused: { module: 'Wqkv', heads: 'in order' },
        modules: { at, o: 'out_proj' },
      }),
  });
}
