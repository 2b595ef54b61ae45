/** Why no more of a prompt came from the cache, for a request that asks: told once, when it gets its first seat. */
import type { CacheMiss, MissCause } from '../../core/cache-miss.js';
import type { SchedulerConfig } from '../../core/scheduler-config.js';
import type { AdmittedMiss } from '../../messages.js';
import type { DeviceLink } from '../devices/link.js';
import { sharedPromptTokens, type Req } from '../req.js';
import type { Match } from './match.js';

/** What the request itself and the requests beside it say comes first; the trees' own word is the match's. */
export function whyMissed(
  config: SchedulerConfig,
  link: DeviceLink,
  req: Req,
  match: Match,
): AdmittedMiss | null {
  if (!req.input.explainsMiss || req.started !== null) return null;
  const { pageSizeTokens } = link.limits;
  const cause = causeHere(config, link, req, match);
  if (cause === null) {
    const miss = match.miss ?? missAt(match.numTokens, 'never_seen');
    return { ...miss, pageSizeTokens };
  }
  const isMiss = cause !== 'none' && cause !== 'less_than_a_page';
  return { ...missAt(isMiss ? match.numTokens : null, cause), pageSizeTokens };
}

function missAt(position: number | null, cause: MissCause): CacheMiss {
  return { cause, position, expectedToken: null };
}

/** Null = the trees know. */
function causeHere(
  config: SchedulerConfig,
  link: DeviceLink,
  req: Req,
  match: Match,
): MissCause | null {
  const { numTokens } = match;
  const lastToken = req.promptLen - 1;
  if (numTokens === lastToken) return 'none';
  const nextEnd = numTokens + link.limits.pageSizeTokens;
  if (nextEnd > lastToken) return 'less_than_a_page';
  if (config.disableRadixCache) return 'cache_disabled';
  if (nextEnd > req.nextHiddenRow) return 'hidden_states';
  if (nextEnd > req.maxMatchTokens) return 'input_logprobs';
  return isInFlight(link, req, match, nextEnd) ? 'in_flight' : null;
}

/** Another request of the same tenant computes rows `[0, numTokens)` of this one, or just did. */
function isInFlight(link: DeviceLink, req: Req, match: Match, numTokens: number): boolean {
  if (match.ownInsertedSinceTokens >= numTokens) return true;
  for (const seat of link.seats) {
    if (!seat.canPrefill || seat.req.input.tenant !== req.input.tenant) continue;
    if (sharedPromptTokens(seat.req, req, numTokens) >= numTokens) return true;
  }
  return false;
}
