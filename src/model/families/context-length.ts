import { ModelConfigError } from './config-fields.js';
import type { RopeConfig } from './rope-config.js';

/** What a configuration says of positions; `rope` is null where they are learned. */
export interface ContextReach {
  readonly derivedContextLength: number;
  readonly rope: RopeConfig | null;
  /** Width of the rotary tables; ignored where positions are learned. */
  readonly headDim: number;
}

/** Fewer leave no room for a prompt and an answer, or for a text and the tokens around it. */
const MIN_CONTEXT = 8;
/** Of the tables of cosines and sines, which the graph carries: half a million positions of 128 dimensions. */
const MAX_TABLE_BYTES = 2 ** 28;

/**
 * Most positions that one request may use: what the user asked for, or all that the checkpoint was
 * made for. Throws {@link ModelConfigError} when `requested` is more than that, and where so few or so many
 * positions are of no use.
 */
export function resolveContextLength(reach: ContextReach, requested: number | null): number {
  const length = chooseLength(reach, requested);
  if (length < MIN_CONTEXT) {
    throw new ModelConfigError(
      `A context length of ${length} is too short: no request fits into fewer than ${MIN_CONTEXT} tokens. ` +
        (requested === null ? 'Check "max_position_embeddings" in config.json.' : 'Raise it.'),
    );
  }
  const tableBytes = reach.rope === null ? 0 : length * reach.headDim * 4;
  if (tableBytes <= MAX_TABLE_BYTES) return length;
  const most = Math.floor(MAX_TABLE_BYTES / (reach.headDim * 4));
  throw new ModelConfigError(
    `A context length of ${length} is too long: its rotary tables take ${Math.round(tableBytes / 2 ** 20)} MiB, ` +
      `and at most ${MAX_TABLE_BYTES / 2 ** 20} MiB are possible. Use --context-length of at most ${most}.`,
  );
}

function chooseLength(config: ContextReach, requested: number | null): number {
  const derived = config.derivedContextLength;
  if (requested === null) return derived;
  if (!Number.isInteger(requested) || requested < 1) {
    throw new ModelConfigError(`context_length must be a positive integer, got ${requested}`);
  }
  const { rope } = config;
  const longest = rope?.type === 'longrope' ? rope.longestContextLength : derived;
  if (requested <= longest) return requested;
  const complaint =
    `User-specified context_length (${requested}) is greater than the derived context_length ` +
    `(${longest}).`;
  if (rope?.type === 'longrope') {
    throw new ModelConfigError(
      `${complaint} Without --context-length it is the original one, ${derived}; beyond that the ` +
        'long factors of its rotary embedding are those of every request, short ones too.',
    );
  }
  throw new ModelConfigError(
    rope?.type === 'dynamic'
      ? `${complaint} This model scales its rotary embedding dynamically: beyond its original ` +
          'length every cached key would have to be rotated anew with each token, which a prefix ' +
          'cache cannot do.'
      : `${complaint} This may lead to incorrect model outputs. Note that the derived ` +
          "context_length may differ from max_position_embeddings in the model's config.",
  );
}
