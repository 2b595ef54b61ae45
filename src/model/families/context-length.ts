import { ModelConfigError } from './config-fields.js';
import type { RopeConfig } from './rope-config.js';

/** What a configuration says of positions; `rope` is null where they are learned. */
export interface ContextReach {
  readonly derivedContextLength: number;
  readonly rope: RopeConfig | null;
}

/**
 * Most positions that one request may use: what the user asked for, or all that the checkpoint was
 * made for. Throws {@link ModelConfigError} when `requested` is more than that.
 */
export function resolveContextLength(config: ContextReach, requested: number | null): number {
  const derived = config.derivedContextLength;
  if (requested === null) return derived;
  if (!Number.isInteger(requested) || requested < 1) {
    throw new ModelConfigError(`context_length must be a positive integer, got ${requested}`);
  }
  if (requested <= derived) return requested;
  const complaint =
    `User-specified context_length (${requested}) is greater than the derived context_length ` +
    `(${derived}).`;
  throw new ModelConfigError(
    config.rope?.type === 'dynamic'
      ? `${complaint} This model scales its rotary embedding dynamically: beyond its original ` +
          'length every cached key would have to be rotated anew with each token, which a prefix ' +
          'cache cannot do.'
      : `${complaint} This may lead to incorrect model outputs. Note that the derived ` +
          "context_length may differ from max_position_embeddings in the model's config.",
  );
}
