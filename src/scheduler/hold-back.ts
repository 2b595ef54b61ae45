/**
 * In-batch prefix deduplication: of requests that share a prefix which is not cached yet, one computes
 * it and the others wait until it is in the tree, instead of computing it once each.
 */
import type { DeviceLink } from './device-link.js';
import { sharedPromptTokens, type Req } from './req.js';
import type { SchedulerState } from './state.js';
import { dropMatch, worthwhileTokens } from './prefix-match.js';

/** True when `req` now waits for a request in prefill; its lock is given up meanwhile. */
export function holdBack(state: SchedulerState, link: DeviceLink, req: Req): boolean {
  const holder = findHolder(link, req);
  if (holder === null) return false;
  dropMatch(state, req);
  req.heldBy = holder;
  holder.holds.add(req);
  return true;
}

/** The prefill of `holder` is in the tree, or will never be. */
export function letGoHeld(holder: Req): void {
  for (const req of holder.holds) req.heldBy = null;
  holder.holds.clear();
}

export function stopWaitingForHolder(req: Req): void {
  req.heldBy?.holds.delete(req);
  req.heldBy = null;
}

function findHolder(link: DeviceLink, req: Req): Req | null {
  const matched = req.match?.numTokens ?? 0;
  const enough = matched + worthwhileTokens(link);
  if (req.maxMatchTokens < enough) return null;
  for (const run of link.runs) {
    if (!run.canPrefill || run.req.promptLen < enough) continue;
    const shared = sharedPromptTokens(run.req, req, req.maxMatchTokens);
    if (link.wholePages(shared) * link.limits.pageSizeTokens >= enough) return run.req;
  }
  return null;
}
