import type { SchedulePolicy } from '../core/scheduler-config.js';
import type { Req } from './req.js';

/** Orders the waiting requests, given in order of arrival, for admission. */
export type Policy = (waiting: ReadonlySet<Req>) => Iterable<Req>;

/** Beyond this many waiting requests `lpm` costs more than it brings, as in SGLang. */
export const LPM_QUEUE_MAX = 128;

const fcfs: Policy = (waiting) => waiting;

/** Longest cached prefix first; requests that ran before keep their place in front. */
const lpm: Policy = (waiting) => {
  if (waiting.size > LPM_QUEUE_MAX) return waiting;
  return [...waiting].sort((a, b) => rank(b) - rank(a));
};

function rank(req: Req): number {
  return req.firstRun === null ? cachedPrefixTokens(req) : Number.MAX_SAFE_INTEGER;
}

/** What is known of the request's longest cached prefix on any device. */
export function cachedPrefixTokens(req: Req): number {
  if (req.match?.status === 'ready') return req.match.numTokens;
  if (typeof req.probe === 'string') return 0;
  let longest = 0;
  for (const numTokens of req.probe.values()) longest = Math.max(longest, numTokens);
  return longest;
}

const POLICIES: Readonly<Record<SchedulePolicy, Policy>> = { fcfs, lpm };

export function policyOf(name: SchedulePolicy): Policy {
  return POLICIES[name];
}
