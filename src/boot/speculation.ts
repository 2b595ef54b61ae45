import type { ServerArgs } from '../config/server-args.js';
import type { DeviceKind } from '../core/device-kind.js';
import { StartupError } from '../core/errors.js';
import type { ModelSpec } from '../core/model-spec.js';
import type { Speculation } from '../core/speculation.js';
import type { DeviceLimits } from '../messages.js';
import type { Specs } from './configurations.js';
import { draftPrice, type DraftPrice } from './draft-price.js';
import { rowCosts } from './row-costs.js';

type SpeculationArgs = Pick<
  ServerArgs,
  | 'speculativeAlgorithm'
  | 'speculativeDraftModelPath'
  | 'speculativeNumSteps'
  | 'speculativeNumDraftTokens'
  | 'speculativeNgramMinMatchWindowSize'
  | 'speculativeNgramMaxMatchWindowSize'
  | 'enableDeterministicInference'
>;

/** Last tokens that must agree by default: any where drafts go by their price, and so many where they go by the tokens. */
const MIN_MATCH = { free: 1, steady: 32 } as const;

/** How requests of the served model speculate; null = none does. `price` is that of the draft model. */
export function speculationOf(
  args: SpeculationArgs,
  served: ModelSpec,
  price: DraftPrice | null,
): Speculation | null {
  if (args.speculativeAlgorithm === null || args.enableDeterministicInference) return null;
  if (price !== null) {
    return {
      algorithm: 'STANDALONE',
      numDraftTokens: numDraftRows(args),
      minHits: price.minHits,
      costs: rowCosts(served, { run: price.perRun, textRow: price.perTextRow }),
    };
  }
  const costs = rowCosts(served);
  const maxMatch = args.speculativeNgramMaxMatchWindowSize;
  const byDefault = Math.min(maxMatch, costs === null ? MIN_MATCH.steady : MIN_MATCH.free);
  return {
    algorithm: 'NGRAM',
    numDraftTokens: args.speculativeNumDraftTokens,
    minMatch: args.speculativeNgramMinMatchWindowSize ?? byDefault,
    maxMatch,
    costs,
  };
}

/** The model that drafts; null = none is needed. */
export function draftPathOf(args: SpeculationArgs): string | null {
  const isUsed = args.speculativeAlgorithm === 'STANDALONE' && !args.enableDeterministicInference;
  return isUsed ? args.speculativeDraftModelPath : null;
}

/** What drafting costs on this server; null = no model drafts. @throws StartupError where it cannot pay */
export function draftPriceOf(
  args: SpeculationArgs,
  { spec: served, draft }: Specs,
  { numSlots: maxRunning }: DeviceLimits,
): DraftPrice | null {
  if (draft === null) return null;
  // Where drafts may go by the load, it is enough that they pay for one request.
  const atOnce = rowCosts(served) === null ? maxRunning : 1;
  return draftPrice({ served, draft, numDrafts: numDraftRows(args) - 1, maxRunning: atOnce });
}

/** Most rows of a verification with drafts of a model. */
function numDraftRows(args: SpeculationArgs): number {
  return Math.min(args.speculativeNumDraftTokens, args.speculativeNumSteps + 1);
}

/** Where the draft model could not follow the longest request. @throws StartupError */
export function checkDraftContext(draft: ModelSpec | null, { slotLength }: DeviceLimits): void {
  if (draft === null || draft.contextLength >= slotLength) return;
  throw new StartupError(
    `The draft model sees ${draft.contextLength} tokens, and a request may have ${slotLength}. ` +
      `Use --context-length ${draft.contextLength} or another --speculative-draft-model-path.`,
  );
}

/**
 * What the log is to say of it; null = nothing.
 * @throws StartupError where it cannot be
 */
export function checkSpeculation(args: SpeculationArgs, device: DeviceKind): string | null {
  if (args.speculativeAlgorithm !== 'STANDALONE' && args.speculativeDraftModelPath !== null) {
    throw new StartupError(
      '--speculative-draft-model-path has no effect without --speculative-algorithm STANDALONE. Leave it out.',
    );
  }
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
  if (args.speculativeAlgorithm === 'STANDALONE' && args.speculativeDraftModelPath === null) {
    throw new StartupError(
      '--speculative-algorithm STANDALONE needs a smaller model that drafts: --speculative-draft-model-path.',
    );
  }
  const { speculativeNgramMinMatchWindowSize: min, speculativeNgramMaxMatchWindowSize: max } = args;
  if (min !== null && min > max) {
    throw new StartupError(
      `--speculative-ngram-min-match-window-size ${min} is larger than --speculative-ngram-max-match-window-size ${max}.`,
    );
  }
  return null;
}
