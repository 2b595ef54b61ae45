import type { CacheControl } from '../messages.js';

/** {@link CacheControl} as another thread has it. */
export type CacheReads = {
  readonly [Name in keyof CacheControl]: (
    ...args: Parameters<CacheControl[Name]>
  ) => Promise<ReturnType<CacheControl[Name]>>;
};
