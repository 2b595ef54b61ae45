import { refuse } from '../../core/errors.js';
import type { SamplingNumbers } from '../../engine/request.js';

interface Range {
  readonly isWithin: (sampling: SamplingNumbers) => boolean;
  /** SGLang's words for a value that is not. */
  readonly refusal: (sampling: SamplingNumbers) => string;
}

const isPenalty = (value: number): boolean => value >= -2 && value <= 2;

/** SGLang's `SamplingParams.verify`, in its order: the first range that is broken is the one reported. */
const RANGES: readonly Range[] = [
  {
    isWithin: ({ temperature }) => temperature >= 0 && Number.isFinite(temperature),
    refusal: ({ temperature }) =>
      `temperature must be a non-negative finite number, got ${temperature}.`,
  },
  {
    isWithin: ({ topP }) => topP > 0 && topP <= 1,
    refusal: ({ topP }) => `top_p must be in (0, 1], got ${topP}.`,
  },
  {
    isWithin: ({ minP }) => minP >= 0 && minP <= 1,
    refusal: ({ minP }) => `min_p must be in [0, 1], got ${minP}.`,
  },
  {
    isWithin: ({ topK }) => topK === -1 || topK >= 1,
    refusal: ({ topK }) => `top_k must be -1 (disable) or at least 1, got ${topK}.`,
  },
  {
    isWithin: ({ frequencyPenalty }) => isPenalty(frequencyPenalty),
    refusal: (sampling) =>
      `frequency_penalty must be in [-2, 2], got ${sampling.frequencyPenalty}.`,
  },
  {
    isWithin: ({ presencePenalty }) => isPenalty(presencePenalty),
    refusal: ({ presencePenalty }) =>
      `presence_penalty must be in [-2, 2], got ${presencePenalty}.`,
  },
  {
    isWithin: ({ repetitionPenalty }) => repetitionPenalty > 0 && repetitionPenalty <= 2,
    refusal: ({ repetitionPenalty }) =>
      `repetition_penalty must be in (0, 2] (1.0 = no penalty), got ${repetitionPenalty}.`,
  },
  {
    isWithin: ({ minNewTokens }) => minNewTokens >= 0,
    refusal: ({ minNewTokens }) =>
      `min_new_tokens must be in [0, max_new_tokens], got ${minNewTokens}.`,
  },
  {
    isWithin: ({ maxNewTokens }) => maxNewTokens === null || maxNewTokens >= 0,
    refusal: ({ maxNewTokens }) =>
      `max_new_tokens must be at least 0, got ${String(maxNewTokens)}.`,
  },
  {
    isWithin: ({ minNewTokens, maxNewTokens }) =>
      maxNewTokens === null || minNewTokens <= maxNewTokens,
    refusal: ({ minNewTokens, maxNewTokens }) =>
      `min_new_tokens must be in [0, max_new_tokens(${String(maxNewTokens)})], got ${minNewTokens}.`,
  },
];

/** SGLang's range checks, in its order and words. @throws RequestError INVALID_REQUEST */
export function checkSamplingRanges(sampling: SamplingNumbers): void {
  const broken = RANGES.find(({ isWithin }) => !isWithin(sampling));
  if (broken !== undefined) refuse(broken.refusal(sampling));
}
