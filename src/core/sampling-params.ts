import type { ThoughtBudget } from './thought.js';

/** `top_k` of a request that does not limit it (SGLang's 2^30). */
export const TOP_K_ALL = 1 << 30;

/**
 * How a device picks tokens, fully resolved: every default applied, every range checked.
 * The text-side parameters (stop strings, detokenizing) never leave the main thread.
 */
export interface SamplingParams {
  /** >= 0; 0 = prefill only. Already clipped to the context. */
  readonly maxNewTokens: number;
  /** In [0, maxNewTokens]; stop ids are masked until this many tokens are out. */
  readonly minNewTokens: number;
  /** > 0. Greedy is temperature 1 with topK 1, as in SGLang. */
  readonly temperature: number;
  /** (0, 1] */
  readonly topP: number;
  /** >= 1; {@link TOP_K_ALL} = no limit. */
  readonly topK: number;
  /** [0, 1] */
  readonly minP: number;
  /** [-2, 2] */
  readonly frequencyPenalty: number;
  /** [-2, 2] */
  readonly presencePenalty: number;
  /** (0, 2]; of tokens that were put out, never of the prompt's. */
  readonly repetitionPenalty: number;
  /** Request's stop ids and the model's EOS ids. Sorted, unique. */
  readonly stopTokenIds: readonly number[];
  /** `ignore_eos`: no token ends the request. Its stop ids are masked until `minNewTokens` all the same. */
  readonly ignoreEos: boolean;
  /** Null = a thought may be as long as the answer. */
  readonly thoughtBudget: ThoughtBudget | null;
  /** `[tokenId, bias]` pairs. */
  readonly logitBias: readonly (readonly [number, number])[];
  /** Low word of the seed, u32. A request's own seed has 64 bits; one that the server draws has 32. */
  readonly seed: number;
  /** High word of the seed, u32. */
  readonly seedHigh: number;
  /** Which of the request's `n` samples this is. */
  readonly sampleIndex: number;
}

/** The ids that end a request: none with `ignore_eos`, the request's own neither, as in SGLang. */
export function endingTokenIds({
  stopTokenIds,
  ignoreEos,
}: Pick<SamplingParams, 'stopTokenIds' | 'ignoreEos'>): ReadonlySet<number> {
  return new Set(ignoreEos ? [] : stopTokenIds);
}

/** What a model's own files recommend, for the OpenAI routes; null where they are silent. */
export interface SamplingDefaults {
  readonly temperature: number | null;
  readonly topP: number | null;
  /** 0 and -1 = no limit. */
  readonly topK: number | null;
  readonly minP: number | null;
  readonly repetitionPenalty: number | null;
}

/** The most probable token each time, whatever it is: probes and measurements. */
export function greedySampling(maxNewTokens: number): SamplingParams {
  return {
    maxNewTokens,
    minNewTokens: 0,
    temperature: 1,
    topP: 1,
    topK: 1,
    minP: 0,
    frequencyPenalty: 0,
    presencePenalty: 0,
    repetitionPenalty: 1,
    stopTokenIds: [],
    ignoreEos: false,
    thoughtBudget: null,
    logitBias: [],
    seed: 0,
    seedHigh: 0,
    sampleIndex: 0,
  };
}

/** Which log-probabilities a request asked for. */
export interface LogprobWants {
  /** First prompt position to score, in [0, promptLen]; promptLen = outputs only. */
  readonly startLen: number;
  /** `top_logprobs_num` */
  readonly topNum: number;
  /** `token_ids_logprob`; empty = none. */
  readonly tokenIds: readonly number[];
}

/**
 * One scored position. Entry 0 is the token that stands there (prompt) or was sampled (output), then
 * `topNum` best entries, then one per `tokenIds`. Values are log-probabilities after temperature.
 */
export interface LogprobRow {
  readonly ids: Int32Array;
  readonly values: Float32Array;
}
