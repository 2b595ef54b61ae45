/** Why a match ended where it did, for a request that asks. Reads, and changes nothing. */
import type { CacheMiss, MissCause } from '../core/cache-miss.js';
import type { MatchPrefix } from '../messages.js';
import type { ForgottenPages } from './forgotten-pages.js';
import type { PrefixCache } from './prefix-cache.js';
import type { PageQuestion } from './tree-reader.js';

export interface Caches {
  /** The one that was asked. */
  readonly own: PrefixCache;
  /** Of all devices, `own` too. */
  readonly all: Iterable<PrefixCache>;
  readonly forgotten: ForgottenPages;
}

/**
 * Why the match of the prompt's first `numTokens` tokens is not longer.
 * @returns null when no whole page is left, or the request itself wanted no more
 */
export function explainMiss(
  {
    namespace,
    tenant,
    tokens,
    strict,
  }: Pick<MatchPrefix, 'namespace' | 'tenant' | 'tokens' | 'strict'>,
  numTokens: number,
  caches: Caches,
): CacheMiss | null {
  if (numTokens + caches.own.pageSizeTokens > tokens.length) return null;
  const question: PageQuestion = { namespace, tenant, tokens, numTokens };
  const cause = causeOf(question, strict, caches);
  if (cause === null) return null;
  const fork = cause === 'never_seen' ? caches.own.reader.fork(question) : null;
  return {
    cause,
    position: fork?.position ?? numTokens,
    expectedToken: fork?.expectedToken ?? null,
  };
}

function causeOf(question: PageQuestion, strict: boolean, caches: Caches): MissCause | null {
  const { own } = caches;
  const holder = own.reader.holder(question);
  if (holder !== null && strict && holder.decodeMade) return 'decode_made';
  if (holder !== null) return own.keepsStates ? 'recurrent_state' : null;
  const others = [...caches.all].filter((cache) => cache !== own);
  const holders = others.filter(({ reader }) => reader.holder(question) !== null);
  if (holders.some(({ weightsEpoch }) => weightsEpoch === own.weightsEpoch)) return 'other_device';
  if (holders.length > 0) return 'other_weights';
  const cause = forgottenCause(question, strict, caches);
  if (cause !== null) return cause;
  return own.reader.isElsewhere(question) ? 'other_namespace' : 'never_seen';
}

function forgottenCause(
  question: PageQuestion,
  strict: boolean,
  { own, forgotten }: Caches,
): MissCause | null {
  const { tokens, numTokens } = question;
  const page = forgotten.recall(question, tokens, numTokens + own.pageSizeTokens);
  if (page === null) return null;
  if (page.weightsEpoch !== own.weightsEpoch) return 'other_weights';
  if (page.decodeMade && strict) return 'decode_made';
  return page.how === 'closed' ? 'device_lost' : page.how;
}
