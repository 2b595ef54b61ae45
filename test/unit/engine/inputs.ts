import { greedySampling } from '../../../src/core/sampling-params.js';
import type { GenerationInput } from '../../../src/engine/generation.js';

export interface InputSize {
  readonly promptLen: number;
  readonly maxNewTokens: number;
  /** Samples of the one prompt. */
  readonly n?: number;
}

/** One prompt as a request of `n` samples has it; `req` is what it asks for beside. */
export function inputsOf(
  { promptLen, maxNewTokens, n = 1 }: InputSize,
  req: Partial<GenerationInput['req']>,
): GenerationInput[] {
  const input: GenerationInput = {
    req: {
      rid: 'r',
      inputIds: new Int32Array(promptLen),
      sampling: greedySampling(maxNewTokens),
      logprobs: null,
      hiddenStates: null,
      grammar: null,
      namespace: '',
      tenant: '',
      explainsMiss: false,
      dpRank: null,
      priority: 0,
      ...req,
    },
    text: null,
  };
  return Array.from({ length: n }, () => input);
}
