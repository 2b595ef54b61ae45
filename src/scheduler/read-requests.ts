/** Which requests wait and run, for those who watch. */
import type { RequestsRead, RunningRequest, WaitingRequest } from '../messages.js';
import type { DeviceLink } from './devices/link.js';
import type { EmbedReq } from './embed/embed-req.js';
import type { Embedding } from './embed/embedding.js';
import type { SchedulerParts } from './parts.js';
import type { Seat } from './seat/seat.js';
import type { WaitingReq } from './waiting/ticket.js';

/** Requests that are told one by one: so many that run, and so many that wait. */
export const TOLD_MAX = 256;

/** In the order of arrival: to ask the policy for its own could change what it does next. */
export function readRequests(
  { waiting, devices }: Pick<SchedulerParts, 'waiting' | 'devices'>,
  embedding: Embedding,
  id: number,
): RequestsRead {
  const links = [...devices];
  const seats = links.flatMap((link) =>
    [...link.seats, ...link.leavers].map((seat) => seated(link, seat)),
  );
  const texts = links.flatMap((link) => embedding.runningOn(link).map((req) => posted(link, req)));
  return {
    kind: 'requestsRead',
    id,
    numWaiting: waiting.length + embedding.waiting.length,
    numRunning: seats.length + texts.length,
    waiting: [...firstOf(waiting, queued), ...firstOf(embedding.waiting, queuedText)],
    running: [...seats, ...texts].slice(0, TOLD_MAX),
  };
}

function* firstOf<T>(
  items: Iterable<T>,
  told: (item: T) => WaitingRequest,
): Generator<WaitingRequest> {
  let left = TOLD_MAX;
  for (const item of items) {
    if (left-- <= 0) return;
    yield told(item);
  }
}

function queued({ req, target }: WaitingReq): WaitingRequest {
  return { num: req.num, tree: target, numRetractions: req.numRetractions };
}

function queuedText({ num }: EmbedReq): WaitingRequest {
  return { num, tree: null, numRetractions: 0 };
}

function seated({ tree }: DeviceLink, seat: Seat): RunningRequest {
  const { req } = seat;
  return {
    num: req.num,
    tree,
    phase: phaseOf(seat),
    numPrefilled: req.promptLen - seat.prefillLeft,
    cachedTokens: req.started?.cachedTokens ?? 0,
    numRetractions: req.numRetractions,
  };
}

function phaseOf({ req, isLive, prefillLeft }: Seat): RunningRequest['phase'] {
  if (!isLive || req.endReason !== null) return 'ending';
  return prefillLeft > 0 ? 'prefill' : 'decode';
}

function posted({ tree }: DeviceLink, { num, numTokens }: EmbedReq): RunningRequest {
  const nothing = { cachedTokens: 0, numRetractions: 0 };
  return { num, tree, phase: 'prefill', numPrefilled: numTokens, ...nothing };
}
