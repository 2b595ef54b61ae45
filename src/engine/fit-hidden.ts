import { refuse } from '../core/errors.js';
import type { GenerationInput } from './generation.js';

/** Numbers in the hidden states of one answer, all samples together. 2,048 rows of a width of 1,024 are so many. */
export const MAX_HIDDEN_VALUES = 2 * 1024 * 1024;
/** Those in all chunks of a stream, each of which shows all of them again as SGLang's do. */
export const MAX_STREAMED_HIDDEN = 16 * MAX_HIDDEN_VALUES;

const REMEDY =
  'Ask for a shorter prompt, fewer tokens (max_new_tokens), fewer samples (n), or for return_hidden_states "last"';

/** Bounds what the hidden states of one request cost, all samples together. @throws RequestError */
export function checkHiddenCost(
  inputs: readonly GenerationInput[],
  hiddenSize: number,
  isStream: boolean,
): void {
  let numRows = 0;
  let numStreamed = 0;
  for (const { req } of inputs) {
    if (req.hiddenStates === null) continue;
    const numOutputs = Math.max(1, req.sampling.maxNewTokens);
    const numOwn = req.hiddenStates === 'full' ? req.inputIds.length + numOutputs - 1 : 1;
    numRows += numOwn;
    // The mean of the first chunk and the last, in each.
    if (req.hiddenStates === 'full') numStreamed += numOutputs * (numOwn - (numOutputs - 1) / 2);
  }
  const numValues = numRows * hiddenSize;
  if (numValues > MAX_HIDDEN_VALUES) {
    refuse(
      `The request asks for ${numValues} numbers of hidden states, and a request may have ${MAX_HIDDEN_VALUES}. ${REMEDY}.`,
    );
  }
  if (isStream && numStreamed * hiddenSize > MAX_STREAMED_HIDDEN) {
    refuse(
      `The stream would show ${Math.ceil(numStreamed * hiddenSize)} numbers of hidden states, and a stream may show ${MAX_STREAMED_HIDDEN}. ${REMEDY}, or ask without stream.`,
    );
  }
}
