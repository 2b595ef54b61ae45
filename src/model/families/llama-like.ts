import type { Activation } from '../activation.js';
import type { ConfigFields } from './config-fields.js';
import { readTied } from './decoder.js';
import type { ModelConfig } from './model-config.js';
import { readActivation } from './parts/mlp.js';
import { type NormStyle, rmsNorm } from './parts/norm.js';
import { readSizes, refusePartialRotary, type SizeTraits } from './sizes.js';

/** What Llama and its twins read under the same names. */
export interface LlamaLike {
  readonly config: ModelConfig;
  readonly norm: NormStyle;
  readonly activation: Activation;
  readonly tied: boolean;
}

export interface LlamaLikeTraits extends SizeTraits {
  /** Where config.json does not say `rms_norm_eps`. */
  readonly eps?: number;
  /** Where it does not say `hidden_act`, a name as it would have it. */
  readonly activation?: string;
  /** Where it does not say `tie_word_embeddings`. */
  readonly tied?: boolean;
}

/** Sizes, RMSNorm, `hidden_act`, `tie_word_embeddings`; heads are rotated as wholes. */
export function readLlamaLike(fields: ConfigFields, traits: LlamaLikeTraits): LlamaLike {
  refusePartialRotary(fields);
  return {
    config: readSizes(fields, traits),
    norm: rmsNorm(fields, 'rms_norm_eps', traits.eps),
    activation: readActivation(fields, 'hidden_act', traits.activation),
    tied: readTied(fields, traits.tied),
  };
}
