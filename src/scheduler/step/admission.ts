/** From the queue into a slot: only with a match at hand, a free slot, and pages that will last. */
import type { DeviceLink } from '../devices/link.js';
import { futureTokens } from '../devices/new-token-ratio.js';
import { fail } from '../leave.js';
import type { SchedulerParts } from '../parts.js';
import type { Req } from '../req.js';
import { Seat } from '../seat/seat.js';
import type { Match } from '../waiting/match.js';
import type { WaitingReq } from '../waiting/ticket.js';
import type { StepBuilder } from './builder.js';
import { whyMissed } from '../waiting/miss.js';
import { AdapterRoom } from './adapter-room.js';
import { prefillBudget } from './prefill.js';

type Parts = Pick<SchedulerParts, 'config' | 'clock' | 'outbox' | 'live' | 'waiting' | 'devices'>;

/**
 * Starts waiting requests until slots, pages or `budget` (prompt tokens of this step) are used up.
 *
 * @returns their seats
 */
export function admit(
  parts: Parts,
  link: DeviceLink,
  step: StepBuilder,
  budget: number,
): readonly Seat[] {
  const seated: Seat[] = [];
  link.pages.numWanted = 0;
  if (link.starved) return seated;
  let left = budget;
  const adapters = new AdapterRoom(parts.config, link);
  for (const seat of link.seats) left -= seat.prefillLeft;
  for (const ticket of parts.waiting.inOrder()) {
    if (link.freeSlots.length === 0 || link.numFreeRunning === 0 || left <= 0) return seated;
    const match = readyMatch(parts, link, ticket);
    if (match === null) continue;
    const { req } = ticket;
    const why = whyNever(link, req);
    if (why !== null) {
      fail(parts, req, { code: 'INVALID_REQUEST', message: why });
      continue;
    }
    if (!adapters.takes(req)) continue;
    if (!lasts(link, req, match)) return seated;
    if (!hasPages(link, req, match)) {
      wantPages(parts, link, left);
      makeRoom(parts, link, ticket);
      return seated;
    }
    const seat = start(parts, link, ticket, match);
    step.open(seat);
    seated.push(seat);
    adapters.add(req);
    left -= seat.prefillLeft;
  }
  return seated;
}

/** The ticket's match if it could start now: it is for this device, known, and the best to be had. */
function readyMatch({ waiting }: Parts, link: DeviceLink, ticket: WaitingReq): Match | null {
  const { match, target, req } = ticket;
  if (target !== link.tree || match?.isReady !== true || !waiting.has(req)) return null;
  if (match.isStale(link)) {
    waiting.giveUp(ticket);
    return null;
  }
  return waiting.holdBack(ticket, link) ? null : match;
}

function whyNever(link: DeviceLink, req: Req): string | null {
  const { slotLength, numPages, pageSizeTokens } = link.limits;
  if (req.maxRows > slotLength) {
    return `The request needs ${req.maxRows} tokens of context, and a request may have ${slotLength} (--context-length, --max-total-tokens).`;
  }
  if (link.pagesFor(req.rowsToResume) > numPages) {
    return (
      `The request needs the KV cache of ${req.rowsToResume} tokens at once, ` +
      `and the pool has ${numPages * pageSizeTokens} (--max-total-tokens).`
    );
  }
  return null;
}

/**
 * SGLang's estimate: what the request may use in full, and what the running ones are expected to use,
 * fits into all pages that no seat holds. A request alone on its device always gets its chance.
 */
export function lasts(link: DeviceLink, req: Req, match: Match): boolean {
  const { pages, seats } = link;
  const { numPages, pageSizeTokens } = link.limits;
  if (seats.size === 0) return true;
  let ofRunning = 0;
  for (const { req: other } of seats) {
    ofRunning += futureTokens(other.maxNewTokens, other.outputIds.length);
  }
  let newPages = numNewPages(link, req, match);
  for (const page of match.pages) if (!pages.isHeld(page)) newPages++;
  const future =
    futureTokens(req.maxNewTokens, req.outputIds.length) + ofRunning * link.newTokenRatio.value;
  const free = numPages - pages.numHeldPages;
  return newPages * pageSizeTokens + future <= free * pageSizeTokens;
}

/** The pages are idle here, beside one for every running request. */
function hasPages(link: DeviceLink, req: Req, match: Match): boolean {
  return link.pages.idle.length >= link.seats.size + numNewPages(link, req, match);
}

function numNewPages(link: DeviceLink, req: Req, match: Match): number {
  return link.pagesFor(req.rowsToResume) - match.pages.length;
}

/** While steps are in flight: the pages of the next admission are asked for before it is planned. */
export function wantPagesAhead(parts: Parts, link: DeviceLink): void {
  link.pages.numWanted = 0;
  if (link.starved || link.numFreeRunning === 0) return;
  for (const { req, target, match } of parts.waiting.inOrder()) {
    if (target !== link.tree || match?.isReady !== true) continue;
    if (lasts(link, req, match)) wantPages(parts, link, prefillBudget(parts.config, true));
    return;
  }
}

/** Asks for the pages of all requests that could start with the next `budget` prompt tokens. */
function wantPages({ waiting }: Parts, link: DeviceLink, budget: number): void {
  let left = budget;
  let numPages = link.seats.size;
  for (const { req, target, match } of waiting.inOrder()) {
    if (left <= 0) break;
    if (target !== link.tree || match?.isReady !== true) continue;
    left -= Math.max(1, req.promptLen - match.numTokens);
    numPages += numNewPages(link, req, match);
  }
  link.pages.numWanted = numPages;
}

/** Pages are short. If a lease brings no more, other waiting requests give their locks up. */
function makeRoom(parts: Parts, link: DeviceLink, ticket: WaitingReq): void {
  if (!link.pages.dry || link.pages.numAsked > 0) return;
  link.scarce = true;
  if (parts.waiting.giveUpOthers(link, ticket) || !link.isVacant) return;
  const message =
    'The KV cache has no pages for this request, though nothing else runs. This is a bug.';
  fail(parts, ticket.req, { code: 'INTERNAL', message });
}

function start(
  { config, clock, outbox, waiting }: Parts,
  link: DeviceLink,
  ticket: WaitingReq,
  match: Match,
): Seat {
  const { req } = ticket;
  const miss = whyMissed(config, link, req, match);
  const seat = new Seat(link, req, match);
  waiting.take(ticket);
  link.scarce = false;
  if (req.started === null) {
    const { weightsEpoch, device } = link;
    const queueMs = clock.nowMs() - req.acceptedAtMs;
    const cachedTokens = match.numTokens;
    req.started = { cachedTokens, queueMs, rank: device.rank, weightsEpoch };
    const { rank: dpRank } = device;
    outbox.admit({ num: req.num, cachedTokens, dpRank, weightsEpoch, queueMs, miss });
  }
  return seat;
}
