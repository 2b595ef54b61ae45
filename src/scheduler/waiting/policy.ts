import { seededRandom } from '../../core/clock.js';
import type { SchedulePolicy, SchedulerConfig } from '../../core/scheduler-config.js';
import { byPrefixWeight } from './prefix-order.js';
import type { Req } from '../req.js';
import type { WaitingReq } from './ticket.js';

/** Orders the waiting requests, given in order of arrival, for admission. */
export type Policy = (waiting: ReadonlySet<WaitingReq>) => Iterable<WaitingReq>;

/** Beyond this many waiting requests `lpm` and `dfs-weight` cost more than it brings, as in SGLang. */
export const LPM_QUEUE_MAX = 128;

const fcfs: Policy = (waiting) => waiting;

/** Longest cached prefix first; requests that ran before keep their place in front. */
const lpm: Policy = (waiting) => {
  if (waiting.size > LPM_QUEUE_MAX) return waiting;
  return [...waiting].sort((a, b) => rank(b) - rank(a));
};

function rank(ticket: WaitingReq): number {
  return hasStarted(ticket) ? Number.MAX_SAFE_INTEGER : ticket.cachedPrefixTokens;
}

const dfsWeight: Policy = (waiting) => {
  if (waiting.size > LPM_QUEUE_MAX) return waiting;
  const [again, fresh] = split(waiting);
  return [...again, ...byPrefixWeight(fresh)];
};

/** Longest output first: those that may take longest start earliest. */
const lof: Policy = (waiting) => {
  const [again, fresh] = split(waiting);
  return [...again, ...fresh.sort((a, b) => b.req.maxNewTokens - a.req.maxNewTokens)];
};

/** Each request draws its place once, so that the order stays while requests come and go. */
function random(seed: number): Policy {
  const draw = seededRandom(seed);
  const places = new WeakMap<Req, number>();
  const place = ({ req }: WaitingReq): number => {
    const known = places.get(req);
    if (known !== undefined) return known;
    const drawn = draw();
    places.set(req, drawn);
    return drawn;
  };
  return (waiting) => {
    const [again, fresh] = split(waiting);
    return [...again, ...fresh.sort((a, b) => place(a) - place(b))];
  };
}

/** Requests that ran before keep their place in front. */
function split(waiting: ReadonlySet<WaitingReq>): [again: WaitingReq[], fresh: WaitingReq[]] {
  const all = [...waiting];
  return [all.filter(hasStarted), all.filter((ticket) => !hasStarted(ticket))];
}

function hasStarted({ req }: WaitingReq): boolean {
  return req.started !== null;
}

const POLICIES: Readonly<Record<SchedulePolicy, (seed: number) => Policy>> = {
  fcfs: () => fcfs,
  lpm: () => lpm,
  'dfs-weight': () => dfsWeight,
  lof: () => lof,
  random,
};

/** Policies that go by cached prefixes. Without a cache they are fcfs, as in SGLang. */
const CACHE_AWARE: ReadonlySet<SchedulePolicy> = new Set(['lpm', 'dfs-weight']);

export function policyOf({ policy, policySeed, disableRadixCache }: SchedulerConfig): Policy {
  const name = disableRadixCache && CACHE_AWARE.has(policy) ? 'fcfs' : policy;
  return POLICIES[name](policySeed);
}
