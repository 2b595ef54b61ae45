import type { ThoughtBudget, ThoughtMarks } from '../core/thought.js';
import { refuse, refuseLong } from '../core/errors.js';
import type { SamplingParams } from '../core/sampling-params.js';
import type { SamplingRequest } from './request.js';
import type { Seed } from './seeds.js';

/** What a prompt and its answer must fit into. */
export interface RequestLimits {
  readonly contextLength: number;
  /** KV tokens of one device. */
  readonly maxTotalTokens: number;
  /** Rows of one request on a device. */
  readonly slotLength: number;
  readonly vocabSize: number;
  /** `--allow-auto-truncate`: cut instead of refusing. */
  readonly allowAutoTruncate: boolean;
}

/** SGLang keeps this much room beside the longest prompt. */
const PROMPT_RESERVE_TOKENS = 6;

/** Longest prompt that is admitted: SGLang's `max_req_input_len`. */
export function maxPromptTokens(
  limits: Pick<RequestLimits, 'contextLength' | 'maxTotalTokens'>,
): number {
  return Math.max(1, Math.min(limits.contextLength, limits.maxTotalTokens) - PROMPT_RESERVE_TOKENS);
}

/** Checks a prompt's length against context and pool. @throws RequestError */
export function fitPrompt(
  ids: Int32Array,
  sampling: SamplingRequest,
  limits: RequestLimits,
): Int32Array {
  const numTokens = ids.length;
  const context = limits.contextLength;
  const longest = maxPromptTokens(limits);
  if (numTokens === 0) refuse('The prompt is empty: it must have at least one token.');
  if (limits.allowAutoTruncate) return ids.subarray(0, longest);
  if (numTokens >= context) {
    refuseLong(
      `The input (${numTokens} tokens) is longer than the model's context length (${context} tokens).`,
    );
  }
  const wanted = sampling.isMaxNewTokensExplicit ? (sampling.maxNewTokens ?? 0) : 0;
  if (numTokens + wanted > context) {
    refuseLong(
      `Requested token count exceeds the model's maximum context length of ${context} tokens. ` +
        `You requested a total of ${numTokens + wanted} tokens: ${numTokens} tokens from the input ` +
        `messages and ${wanted} tokens for the completion. Please reduce the number of tokens in ` +
        'the input messages or the completion to fit within the limit.',
    );
  }
  if (numTokens > longest) {
    refuseLong(
      `Input length (${numTokens} tokens) exceeds the maximum allowed length (${longest} tokens). ` +
        'Use a shorter input or enable --allow-auto-truncate.',
    );
  }
  return ids;
}

export interface SamplingFit {
  readonly promptLen: number;
  readonly eosTokenIds: readonly number[];
  /** How thoughts of the answer are told; null = there are none. */
  readonly thought: ThoughtMarks | null;
  readonly seed: Seed;
  readonly sampleIndex: number;
}

/** Settles what depends on the prompt and the model. */
export function fitSampling(
  sampling: SamplingRequest,
  fit: SamplingFit,
  limits: RequestLimits,
): SamplingParams {
  const rows = Math.min(limits.contextLength, limits.maxTotalTokens, limits.slotLength);
  const room = Math.max(0, rows - fit.promptLen);
  const maxNewTokens = Math.min(sampling.maxNewTokens ?? room, room);
  return {
    maxNewTokens,
    minNewTokens: Math.min(sampling.minNewTokens, maxNewTokens),
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK,
    minP: sampling.minP,
    frequencyPenalty: sampling.frequencyPenalty,
    presencePenalty: sampling.presencePenalty,
    repetitionPenalty: sampling.repetitionPenalty,
    stopTokenIds: stopIds(sampling, fit.eosTokenIds, limits.vocabSize),
    // A grammar says where the answer ends.
    ignoreEos: sampling.ignoreEos && sampling.grammar === null,
    thoughtBudget: budgetOf(sampling.maxThinkingTokens, fit.thought),
    logitBias: sampling.logitBias,
    ...fit.seed,
    sampleIndex: fit.sampleIndex,
  };
}

function budgetOf(maxTokens: number | null, marks: ThoughtMarks | null): ThoughtBudget | null {
  return maxTokens === null || marks === null ? null : { ...marks, maxTokens };
}

/** Ids outside the vocabulary never come up. */
function stopIds(
  { stopTokenIds }: SamplingRequest,
  eosTokenIds: readonly number[],
  vocabSize: number,
): readonly number[] {
  const ids = new Set([...stopTokenIds, ...eosTokenIds]);
  return [...ids].filter((id) => id >= 0 && id < vocabSize).sort((a, b) => a - b);
}
