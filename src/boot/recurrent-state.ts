import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';

interface Models {
  readonly spec: Pick<ModelSpec, 'architecture' | 'state'>;
  /** Null = none drafts. */
  readonly draft: Pick<ModelSpec, 'architecture' | 'state'> | null;
}

/**
 * The arguments as a model can have them whose layers keep a recurrent state: no row of a sequence can be taken back,
 * and rows on pages are not enough to go on from. `note` is for the log; null = the model keeps none.
 *
 * @throws StartupError where what was asked for cannot be
 */
export function withoutSharedRows<A extends ServerArgs>(
  args: A,
  { spec, draft }: Models,
): { readonly args: A; readonly note: string | null } {
  if (draft !== null && draft.state !== null) {
    throw new StartupError(
      `--speculative-draft-model-path is ${draft.architecture}, whose layers keep a recurrent state: a draft that was ` +
        'wrong could not be taken back. Use another one.',
    );
  }
  if (spec.state === null) return { args, note: null };
  if (args.speculativeAlgorithm !== null && !args.enableDeterministicInference) {
    throw new StartupError(
      `--speculative-algorithm ${args.speculativeAlgorithm} is not possible with ${spec.architecture}: its layers keep a ` +
        'recurrent state, from which no wrong draft can be taken back. Leave it out.',
    );
  }
  return {
    args: { ...args, disableRadixCache: true },
    note:
      `Prefix cache: off, as with --disable-radix-cache. ${spec.architecture} keeps a recurrent state beside K and V, ` +
      'and every prompt is computed whole.',
  };
}
