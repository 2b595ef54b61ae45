/** From the queue into a slot: only with a match at hand, a free slot, and pages that will last. */
import { failureReason } from '../core/finish-reason.js';
import assert from 'node:assert/strict';
import type { DeviceLink } from './device-link.js';
import { abort } from './ending.js';
import { holdBack } from './hold-back.js';
import { futureTokens } from './new-token-ratio.js';
import { prefillBudget } from './prefill.js';
import { dropMatch, giveUpMatches, isStale } from './prefix-match.js';
import type { PrefixMatch, Req } from './req.js';
import { Run } from './run.js';
import type { SchedulerState } from './state.js';
import type { StepBuilder } from './step-builder.js';

/** Starts waiting requests until slots, pages or `budget` (prompt tokens of this step) are used up. */
export function admit(
  state: SchedulerState,
  link: DeviceLink,
  step: StepBuilder,
  budget: number,
): void {
  link.pages.numWanted = 0;
  if (link.starved) return;
  let left = budget;
  for (const run of link.runs) left -= run.prefillLeft;
  for (const req of state.queue.inOrder()) {
    if (link.freeSlots.length === 0 || link.numFreeRunning === 0 || left <= 0) return;
    const match = readyMatch(state, link, req);
    if (match === null) continue;
    const why = whyNever(link, req);
    if (why !== null) {
      abort(state, req, failureReason('INVALID_REQUEST', why));
      continue;
    }
    if (!lasts(link, req, match)) return;
    if (!hasPages(link, req, match)) {
      wantPages(state, link, left);
      makeRoom(state, link, req);
      return;
    }
    left -= start(state, link, req, step).prefillLeft;
  }
}

/** The request's match if it could start now: it is for this device, known, and the best to be had. */
function readyMatch(state: SchedulerState, link: DeviceLink, req: Req): PrefixMatch | null {
  const { match } = req;
  if (req.phase !== 'waiting' || req.tree !== link.tree || match?.status !== 'ready') return null;
  if (isStale(link, req)) {
    dropMatch(state, req);
    return null;
  }
  return holdBack(state, link, req) ? null : match;
}

function whyNever(link: DeviceLink, req: Req): string | null {
  const { slotLength, numPages, pageSizeTokens } = link.limits;
  if (req.maxRows > slotLength) {
    return `The request needs ${req.maxRows} tokens of context, and a request may have ${slotLength}.`;
  }
  if (link.pagesFor(req.rowsToResume) > numPages) {
    return (
      `The request needs the KV cache of ${req.rowsToResume} tokens at once, ` +
      `and the pool has ${numPages * pageSizeTokens}.`
    );
  }
  return null;
}

/**
 * SGLang's estimate: what the request may use in full, and what the running ones are expected to use,
 * fits into all pages that no run holds. A request alone on its device always gets its chance.
 */
export function lasts(link: DeviceLink, req: Req, match: PrefixMatch): boolean {
  if (link.runs.size === 0) return true;
  let ofRunning = 0;
  for (const { req: other } of link.runs) {
    ofRunning += futureTokens(other.maxNewTokens, other.outputIds.length);
  }
  let newPages = link.pagesFor(req.rowsToResume) - match.pages.length;
  for (const page of match.pages) if (!link.pages.isHeld(page)) newPages++;
  const future =
    futureTokens(req.maxNewTokens, req.outputIds.length) + ofRunning * link.newTokenRatio.value;
  const free = link.limits.numPages - link.pages.numHeldPages;
  return newPages * link.limits.pageSizeTokens + future <= free * link.limits.pageSizeTokens;
}

/** The pages are idle here, beside one for every running request. */
function hasPages(link: DeviceLink, req: Req, match: PrefixMatch): boolean {
  return link.pages.idle.length >= link.runs.size + numNewPages(link, req, match);
}

function numNewPages(link: DeviceLink, req: Req, match: PrefixMatch): number {
  return link.pagesFor(req.rowsToResume) - match.pages.length;
}

/** While steps are in flight: the pages of the next admission are asked for before it is planned. */
export function wantPagesAhead(state: SchedulerState, link: DeviceLink): void {
  link.pages.numWanted = 0;
  if (link.starved || link.numFreeRunning === 0) return;
  for (const req of state.queue.inOrder()) {
    const { match } = req;
    if (req.tree !== link.tree || match?.status !== 'ready') continue;
    if (lasts(link, req, match)) wantPages(state, link, prefillBudget(state.config, true));
    return;
  }
}

/** Asks for the pages of all requests that could start with the next `budget` prompt tokens. */
function wantPages(state: SchedulerState, link: DeviceLink, budget: number): void {
  let left = budget;
  let numPages = link.runs.size;
  for (const req of state.queue.inOrder()) {
    const { match } = req;
    if (left <= 0) break;
    if (req.tree !== link.tree || match?.status !== 'ready') continue;
    left -= Math.max(1, req.promptLen - match.numTokens);
    numPages += numNewPages(link, req, match);
  }
  link.pages.numWanted = numPages;
}

/** Pages are short. If a lease brings no more, other waiting requests give their locks up. */
function makeRoom(state: SchedulerState, link: DeviceLink, req: Req): void {
  if (!link.pages.dry || link.pages.numAsked > 0) return;
  link.scarce = true;
  if (giveUpMatches(state, link, req) || link.runs.size + link.unsettled.size > 0) return;
  const message =
    'The KV cache has no pages for this request, though nothing else runs. This is a bug.';
  abort(state, req, failureReason('INTERNAL', message));
}

function noteFirstRun(
  state: SchedulerState,
  link: DeviceLink,
  req: Req,
  { numTokens: cachedTokens }: PrefixMatch,
): void {
  const queueMs = state.clock.nowMs() - req.acceptedAtMs;
  const { device, weightsEpoch } = link;
  req.firstRun = { cachedTokens, queueMs, rank: device.rank, weightsEpoch };
  state.outbox.admit({
    num: req.num,
    cachedTokens,
    dpRank: device.rank,
    weightsEpoch,
    queueMs,
  });
}

function start(state: SchedulerState, link: DeviceLink, req: Req, step: StepBuilder): Run {
  const { match } = req;
  const slot = link.freeSlots.pop();
  assert(match !== null && slot !== undefined, 'admission without match or slot');
  const pages = [...match.pages, ...link.pages.take(numNewPages(link, req, match))];
  const from = { cachedLen: match.numTokens, pages, lock: match.lock };
  const run = new Run(req, link.tree, slot, from, link.limits.pageSizeTokens);
  link.pages.hold(pages);
  link.runs.add(run);
  link.scarce = false;
  state.queue.remove(req);
  req.phase = 'running';
  req.run = run;
  req.match = null;
  req.tree = null;
  req.matchLate = false;
  if (req.firstRun === null) noteFirstRun(state, link, req, match);
  step.open(run);
  return run;
}
