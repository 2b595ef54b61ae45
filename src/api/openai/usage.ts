import type { Generation } from '../../engine/generation.js';

/** OpenAI's token counts, with SGLang's additions. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number } | null;
  readonly reasoning_tokens: number;
}

export interface UsageOptions {
  /** Samples per prompt: each prompt counts once. */
  readonly n: number;
  /** `--enable-cache-report` */
  readonly cacheReport: boolean;
}

/** @param generations all samples, prompt by prompt */
export function usageOf(
  generations: readonly Generation[],
  { n, cacheReport }: UsageOptions,
): Usage {
  const firsts = generations.filter((_, i) => i % n === 0);
  const promptTokens = sum(firsts.map((one) => one.promptTokens));
  const completionTokens = sum(generations.map((one) => one.outputIds.length));
  const cachedTokens = cacheReport ? sum(firsts.map((one) => one.cachedTokens)) : 0;
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: cachedTokens > 0 ? { cached_tokens: cachedTokens } : null,
    reasoning_tokens: sum(generations.map((one) => one.reasoningTokens)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
