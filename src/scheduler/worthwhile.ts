import type { DeviceLimits } from '../messages.js';

/** SGLang's `IN_BATCH_PREFIX_CACHING_CHECK_THRESHOLD`. */
const MIN_SHARED_TOKENS = 32;

export type PageSize = Pick<DeviceLimits, 'pageSizeTokens'>;

/** A longer shared prefix is worth something from so many tokens on. */
export function worthwhileTokens({ pageSizeTokens }: PageSize): number {
  return Math.max(MIN_SHARED_TOKENS, pageSizeTokens);
}
