/** Matches that waiting requests hold in the trees: asked ahead of time, locked until used or given up. */
import type { Matched } from '../messages.js';
import { unlock } from './cache-ops.js';
import type { DeviceLink } from './device-link.js';
import type { Req } from './req.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

const NO_PAGES = new Int32Array(0);

/** SGLang's `IN_BATCH_PREFIX_CACHING_CHECK_THRESHOLD`. */
const MIN_SHARED_TOKENS = 32;

/** A longer match than the one at hand is worth waiting for from this many tokens on. */
export function worthwhileTokens(link: DeviceLink): number {
  return Math.max(MIN_SHARED_TOKENS, link.limits.pageSizeTokens);
}

/**
 * Own outputs of a resumed request are matched too, but not when answers must never depend on the cache:
 * decode-made rows of the same tokens may stand on rows that another request did not get from prefill.
 */
function matchable({ config }: SchedulerState, req: Req): number {
  return config.deterministic ? Math.min(req.maxMatchTokens, req.promptLen) : req.maxMatchTokens;
}

/** Without a cache the answer is known: nothing. */
export function askMatch(state: SchedulerState, link: DeviceLink, req: Req): void {
  const maxTokens = matchable(state, req);
  const known = state.config.disableRadixCache || maxTokens < link.limits.pageSizeTokens;
  req.match = {
    tree: link.tree,
    askedAtMs: state.clock.nowMs(),
    status: known ? 'ready' : 'pending',
    numTokens: 0,
    pages: NO_PAGES,
    lock: 0,
    insertedSinceTokens: 0,
  };
  if (known) return;
  state.outbox.op({
    op: 'match',
    num: req.num,
    tree: link.tree,
    namespace: req.input.namespace,
    tokens: req.tokens(maxTokens),
    maxTokens,
    prefillTokens: Math.min(maxTokens, req.promptLen),
    strict: state.config.deterministic,
  });
}

export function receiveMatch(state: SchedulerState, reply: Matched): void {
  const req = state.live.get(reply.num);
  const link = state.links.get(reply.tree);
  const match = req?.match ?? null;
  const wanted = match?.status === 'pending' && match.tree === reply.tree && link !== undefined;
  if (match !== null && wanted) {
    match.status = 'ready';
    match.numTokens = reply.numTokens;
    match.pages = reply.pages;
    match.lock = reply.lock;
    state.queue.reorder();
    return;
  }
  if (req !== undefined && match?.tree === reply.tree) req.match = null;
  if (link !== undefined) unlock(state, link, reply.lock);
}

/** Gives the lock of a waiting request up; it will be matched again. */
export function dropMatch(state: SchedulerState, req: Req): void {
  const { match } = req;
  if (match === null) return;
  if (match.status !== 'ready') {
    match.status = 'abandoned';
    return;
  }
  req.match = null;
  const link = state.links.get(match.tree);
  if (link !== undefined) unlock(state, link, match.lock);
}

/**
 * Pages are short: all waiting requests but `except` give their locks on this device up. True when that
 * brings pages, now or with a reply on its way.
 */
export function giveUpMatches(
  state: SchedulerState,
  link: DeviceLink,
  except: Req | null,
): boolean {
  let brings = false;
  for (const req of state.queue) {
    const { match } = req;
    if (req === except || match?.tree !== link.tree) continue;
    if (match.status === 'ready' && match.lock === 0) continue;
    brings = true;
    dropMatch(state, req);
  }
  return brings;
}

/** A much longer prefix was inserted since the match was asked for. */
export function isStale(link: DeviceLink, req: Req): boolean {
  const { match } = req;
  if (match === null) return false;
  const now = link.wholePages(match.insertedSinceTokens) * link.limits.pageSizeTokens;
  return now >= match.numTokens + worthwhileTokens(link);
}

/** The first `numTokens` tokens of `run` are in the tree from now on: older matches may be too short. */
export function noteInserted(state: SchedulerState, run: Run, numTokens: number): void {
  if (state.config.disableRadixCache) return;
  const { input } = run.req;
  let tokens: Int32Array | null = null;
  for (const req of state.queue) {
    const { match } = req;
    if (match?.tree !== run.tree || req.input.namespace !== input.namespace) continue;
    tokens ??= run.req.tokens(numTokens);
    const shared = commonPrefix(tokens, req.input.inputIds, req.maxMatchTokens);
    match.insertedSinceTokens = Math.max(match.insertedSinceTokens, shared);
  }
}

function commonPrefix(a: Int32Array, b: Int32Array, maxTokens: number): number {
  const end = Math.min(a.length, b.length, maxTokens);
  let i = 0;
  while (i < end && a[i] === b[i]) i++;
  return i;
}
