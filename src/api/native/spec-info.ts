import { acceptRate } from '../../core/acceptance.js';
import type { Generation } from '../../engine/generation.js';

/**
 * SGLang's fields of speculation, once the answer has ended. Each pass of the model counts as one verification, as
 * there; how many drafts it had is counted, not assumed.
 */
export function specInfo({ stats, outputIds }: Generation): Record<string, unknown> {
  const drafts = stats?.drafts ?? null;
  if (drafts === null) return {};
  const { numPasses, numDrafts, numCorrect, histogram } = drafts;
  return {
    spec_accept_rate: acceptRate(drafts),
    spec_accept_length: outputIds.length / numPasses,
    spec_num_correct_drafts: numCorrect,
    spec_num_proposed_drafts: numDrafts,
    spec_verify_ct: numPasses,
    spec_accepted_drafts: numCorrect,
    spec_proposed_drafts: numDrafts,
    spec_correct_drafts_histogram: histogram,
    spec_accept_histogram: histogram,
  };
}
