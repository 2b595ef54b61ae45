import { RequestError } from '../core/errors.js';

/** The numbers of `sampling_params` that have a range. */
export interface SamplingRanges {
  /** Null = until the context ends. */
  readonly maxNewTokens: number | null;
  readonly minNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  readonly repetitionPenalty: number;
}

/** SGLang's range checks, in its order and words. @throws RequestError INVALID_REQUEST */
export function checkSamplingRanges(request: SamplingRanges): void {
  const { temperature, topP, minP, topK, repetitionPenalty } = request;
  require(temperature >= 0 &&
    Number.isFinite(
      temperature,
    ), `temperature must be a non-negative finite number, got ${temperature}.`);
  require(topP > 0 && topP <= 1, `top_p must be in (0, 1], got ${topP}.`);
  require(minP >= 0 && minP <= 1, `min_p must be in [0, 1], got ${minP}.`);
  require(topK === -1 || topK >= 1, `top_k must be -1 (disable) or at least 1, got ${topK}.`);
  checkPenalty('frequency_penalty', request.frequencyPenalty);
  checkPenalty('presence_penalty', request.presencePenalty);
  require(repetitionPenalty > 0 &&
    repetitionPenalty <=
      2, `repetition_penalty must be in (0, 2] (1.0 = no penalty), got ${repetitionPenalty}.`);
  checkTokenLimits(request);
}

function checkTokenLimits({ minNewTokens, maxNewTokens }: SamplingRanges): void {
  require(minNewTokens >= 0, `min_new_tokens must be in [0, max_new_tokens], got ${minNewTokens}.`);
  if (maxNewTokens === null) return;
  require(maxNewTokens >= 0, `max_new_tokens must be at least 0, got ${maxNewTokens}.`);
  require(minNewTokens <=
    maxNewTokens, `min_new_tokens must be in [0, max_new_tokens(${maxNewTokens})], got ${minNewTokens}.`);
}

function checkPenalty(name: string, value: number): void {
  require(value >= -2 && value <= 2, `${name} must be in [-2, 2], got ${value}.`);
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new RequestError('INVALID_REQUEST', message);
}
