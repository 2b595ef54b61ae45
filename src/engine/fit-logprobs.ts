import { refuse } from '../core/errors.js';
import type { LogprobWants } from '../core/sampling-params.js';
import type { GenerationInput } from './generation.js';

/**
 * Log-probability values of one request: positions times entries, over all samples. One prompt of 2,048 tokens
 * with its 256 best entries is half of it.
 */
export const MAX_VALUES = 1024 * 1024;
/** Values of the prompt in all chunks of a stream, each of which shows them again as SGLang's do. */
export const MAX_STREAMED_VALUES = 16 * MAX_VALUES;

/** @throws RequestError when the first scored position is not in the prompt. */
export function fitLogprobs(wants: LogprobWants | null, promptLen: number): LogprobWants | null {
  if (wants === null) return null;
  if (wants.startLen > promptLen) {
    refuse(
      `req.logprob_start_len=${wants.startLen} is higher than the number of input tokens ` +
        `len(req.origin_input_ids)=${promptLen}. Please use a smaller logprob_start_len.`,
    );
  }
  return { ...wants, startLen: wants.startLen === -1 ? promptLen : wants.startLen };
}

/** Bounds what the log-probabilities of one request cost, all samples together. @throws RequestError */
export function checkLogprobCost(inputs: readonly GenerationInput[], isStream: boolean): void {
  let numValues = 0;
  let numStreamed = 0;
  for (const { req } of inputs) {
    if (req.logprobs === null) continue;
    const { startLen, topNum, tokenIds } = req.logprobs;
    const { maxNewTokens } = req.sampling;
    const width = 1 + topNum + tokenIds.length;
    const ofPrompt = (req.inputIds.length - startLen) * width;
    numValues += ofPrompt + maxNewTokens * width;
    numStreamed += ofPrompt * maxNewTokens;
  }
  const remedy =
    'Ask for fewer positions (logprob_start_len), entries (top_logprobs_num) or samples (n)';
  if (numValues > MAX_VALUES) {
    refuse(
      `The request asks for ${numValues} log-probability values, and a request may have ${MAX_VALUES}. ${remedy}.`,
    );
  }
  if (isStream && numStreamed > MAX_STREAMED_VALUES) {
    refuse(
      `The stream would show ${numStreamed} log-probability values of the prompt, and a stream may show ${MAX_STREAMED_VALUES}. ${remedy}, or ask without stream.`,
    );
  }
}
