import { finishOnWire } from '../../core/finish-reason.js';
import type { Generation } from '../../engine/generation.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import type { Tokenizer } from '../../text/tokenizer.js';
import { askedCacheInfo } from './cache-info.js';
import { renderHidden } from './render-hidden.js';
import { renderLogprobs } from './render-logprobs.js';
import { specInfo } from './spec-info.js';

export interface MetaInfoOptions {
  readonly weights: ServedWeights;
  /** Null with `--skip-tokenizer-init`. */
  readonly tokenizer: Tokenizer | null;
  /** Null unless log-probabilities carry text. */
  readonly logprobTokenizer: Tokenizer | null;
  /** True with several devices: then `dp_rank` says which one it was. */
  readonly showDpRank: boolean;
}

/** SGLang's `meta_info` of a sample, with the log-probabilities of its output from `fromOutput` on. */
export function metaInfo(
  generation: Generation,
  { weights, tokenizer, logprobTokenizer, showDpRank }: MetaInfoOptions,
  fromOutput = 0,
): Record<string, unknown> {
  return {
    id: generation.rid,
    finish_reason: finishOnWire(generation.finish),
    prompt_tokens: generation.promptTokens,
    weight_version: weights.versionOf(generation.weightsEpoch),
    num_retractions: generation.stats?.numRetractions ?? 0,
    reasoning_tokens: generation.reasoningTokens,
    completion_tokens: generation.outputIds.length,
    cached_tokens: generation.cachedTokens,
    cached_tokens_details: null,
    dp_rank: showDpRank ? generation.dpRank : null,
    ...renderLogprobs(generation, { tokenizer: logprobTokenizer, fromOutput }),
    ...renderHidden(generation),
    ...endingInfo(generation, tokenizer),
  };
}

function endingInfo(generation: Generation, tokenizer: Tokenizer | null): Record<string, unknown> {
  if (generation.finishedMs === null) return {};
  const latency = { e2e_latency: (generation.finishedMs - generation.createdMs) / 1000 };
  return { ...latency, ...specInfo(generation), ...askedCacheInfo(generation, tokenizer) };
}
