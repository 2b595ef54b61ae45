import type { CacheMiss } from './cache-miss.js';

/** A prompt that is asked about and not run. */
export interface PromptQuestion {
  readonly namespace: string;
  /** Whose it is: nobody is told of another key's. */
  readonly tenant: string;
  /** `[promptLen]` */
  readonly tokens: Int32Array;
  /** Rows that decoding made do not count (`--enable-deterministic-inference`). */
  readonly strict: boolean;
}

/** Where it leaves what one device has cached. */
export interface PrefixLeaving {
  /** `rank:generation` */
  readonly tree: string;
  /** Cached tokens, whole pages. */
  readonly numTokens: number;
  readonly pageSizeTokens: number;
  readonly miss: CacheMiss;
  /** Ids of the nodes that have them, from the top on. */
  readonly path: readonly number[];
}
