import type { Generation } from '../../engine/generation.js';

/** Anthropic's token counts. */
export interface Usage {
  /** Without those that the prefix cache had. */
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

/** Nothing is ever paid for being cached, so nothing counts as written to the cache. */
export function usageOf(
  { promptTokens, cachedTokens }: Pick<Generation, 'promptTokens' | 'cachedTokens'>,
  outputTokens: number,
): Usage {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}
