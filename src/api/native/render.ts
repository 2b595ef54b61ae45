import type { Tokenizer } from '../../text/tokenizer.js';
import type { Generation } from '../../engine/generation.js';
import type { ServedWeights } from '../../engine/served-weights.js';
import { renderLogprobs } from './render-logprobs.js';

/** How `/generate` objects of one request look. */
export interface RenderOptions {
  readonly weights: ServedWeights;
  /** Null unless log-probabilities carry text. */
  readonly logprobTokenizer: Tokenizer | null;
  readonly returnPromptTokenIds: boolean;
  /** True with several devices: then `dp_rank` says which one it was. */
  readonly showDpRank: boolean;
}

/** What an object leaves out because an earlier one of the stream had it. */
export interface RenderFrom {
  readonly tokens: number;
  readonly chars: number;
}

export const FROM_START: RenderFrom = { tokens: 0, chars: 0 };

/**
 * @param sentTs Unix seconds at which the first part of the answer left; null in the parts between
 *   the first and the last
 */
export function renderGeneration(
  generation: Generation,
  options: RenderOptions,
  from: RenderFrom,
  sentTs: number | null,
): Record<string, unknown> {
  const text = generation.text;
  return {
    ...(text === null ? {} : { text: text.slice(from.chars) }),
    output_ids: generation.outputIds.slice(from.tokens),
    ...(options.returnPromptTokenIds
      ? { prompt_token_ids: Array.from(generation.input.req.inputIds) }
      : {}),
    meta_info: {
      ...metaInfo(generation, options),
      ...renderLogprobs(generation, {
        tokenizer: options.logprobTokenizer,
        fromOutput: from.tokens,
      }),
      ...endingInfo(generation),
      ...(sentTs === null ? {} : { response_sent_to_client_ts: sentTs }),
    },
  };
}

function metaInfo(generation: Generation, options: RenderOptions): Record<string, unknown> {
  return {
    id: generation.rid,
    finish_reason: generation.finish,
    prompt_tokens: generation.promptTokens,
    weight_version: options.weights.versionOf(generation.weightsEpoch),
    num_retractions: generation.stats?.numRetractions ?? 0,
    reasoning_tokens: 0,
    completion_tokens: generation.outputIds.length,
    cached_tokens: generation.cachedTokens,
    cached_tokens_details: null,
    dp_rank: options.showDpRank ? generation.dpRank : null,
  };
}

function endingInfo(generation: Generation): Record<string, unknown> {
  if (generation.finishedMs === null) return {};
  return { e2e_latency: (generation.finishedMs - generation.createdMs) / 1000 };
}
