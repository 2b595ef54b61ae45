import type { ServerArgs } from '../config/server-args.js';
import type { DeviceKind } from '../core/device-kind.js';
import { StartupError } from '../core/errors.js';
import type { Speculation } from '../core/speculation.js';

type SpeculationArgs = Pick<
  ServerArgs,
  | 'speculativeAlgorithm'
  | 'speculativeNumDraftTokens'
  | 'speculativeNgramMinMatchWindowSize'
  | 'speculativeNgramMaxMatchWindowSize'
  | 'enableDeterministicInference'
>;

/** How requests speculate; null = none does. */
export function speculationOf(args: SpeculationArgs): Speculation | null {
  if (args.speculativeAlgorithm === null || args.enableDeterministicInference) return null;
  return {
    numDraftTokens: args.speculativeNumDraftTokens,
    minMatch: args.speculativeNgramMinMatchWindowSize,
    maxMatch: args.speculativeNgramMaxMatchWindowSize,
  };
}

/**
 * What the log is to say of it; null = nothing.
 * @throws StartupError where it cannot be
 */
export function checkSpeculation(args: SpeculationArgs, device: DeviceKind): string | null {
  if (args.speculativeAlgorithm === null) return null;
  if (args.enableDeterministicInference) {
    return '--enable-deterministic-inference turns --speculative-algorithm off: every answer is decoded token by token.';
  }
  if (device !== 'cpu') {
    throw new StartupError(
      `--speculative-algorithm ${args.speculativeAlgorithm} is for --device cpu alone: on ${device} the rows of a ` +
        'verification may have other bits than one at a time. Leave it out.',
    );
  }
  const { speculativeNgramMinMatchWindowSize: min, speculativeNgramMaxMatchWindowSize: max } = args;
  if (min > max) {
    throw new StartupError(
      `--speculative-ngram-min-match-window-size ${min} is larger than --speculative-ngram-max-match-window-size ${max}.`,
    );
  }
  return null;
}
