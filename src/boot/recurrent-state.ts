import type { ServerArgs } from '../config/server-args.js';
import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';

interface Models {
  readonly spec: Pick<ModelSpec, 'architecture' | 'state'>;
  /** Null = none drafts. */
  readonly draft: Pick<ModelSpec, 'architecture' | 'state'> | null;
}

/**
 * No row of a sequence can be taken back where layers keep a recurrent state.
 *
 * @throws StartupError where what was asked for cannot be
 */
export function checkRecurrentState(
  args: Pick<ServerArgs, 'speculativeAlgorithm' | 'enableDeterministicInference'>,
  { spec, draft }: Models,
): void {
  if (draft !== null && draft.state !== null) {
    throw new StartupError(
      `--speculative-draft-model-path is ${draft.architecture}, whose layers keep a recurrent state: a draft that was ` +
        'wrong could not be taken back. Use another one.',
    );
  }
  if (spec.state === null) return;
  if (args.speculativeAlgorithm !== null && !args.enableDeterministicInference) {
    throw new StartupError(
      `--speculative-algorithm ${args.speculativeAlgorithm} is not possible with ${spec.architecture}: its layers keep a ` +
        'recurrent state, from which no wrong draft can be taken back. Leave it out.',
    );
  }
}
