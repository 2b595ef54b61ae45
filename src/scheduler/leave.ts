/**
 * How a request leaves the scheduler: by itself, at a stop string, or because its client left or
 * something failed ({@link abort}). In any phase it has its one ending at once; slot, pages and lock are
 * the seat's to give back, a little later.
 */
import type { Failure } from '../core/errors.js';
import { failureReason, type FinishReason } from '../core/finish-reason.js';
import type { StopAt } from '../messages.js';
import { abortWords } from './abort.js';
import type { SchedulerParts } from './parts.js';
import type { Req } from './req.js';
import type { Seat } from './seat/seat.js';

type Parts = Pick<SchedulerParts, 'outbox' | 'live' | 'waiting' | 'devices'>;

/** The device ended the request: `stop`, or `length`. Main may have to look at its text first. */
export function endByItself(parts: Parts, seat: Seat, reason: FinishReason): void {
  const { req } = seat;
  seat.leave();
  if (req.input.hasTextStops) {
    req.endReason = reason;
    parts.outbox.check(req.num);
    return;
  }
  parts.waiting.noteInserted(seat, seat.keep());
  parts.live.end(req, reason);
}

/** A stop string matched `numOutputTokens` tokens into the answer: nothing after that ever was. */
export function endAtText(parts: Parts, req: Req, { numOutputTokens, matched }: StopAt): void {
  const seat = seatOf(parts, req);
  if (seat !== null) {
    interrupt(parts, seat);
    parts.waiting.noteInserted(seat, seat.keep(req.promptLen + numOutputTokens));
  }
  parts.waiting.leave(req);
  if (numOutputTokens < req.outputIds.length) req.outputIds.length = numOutputTokens;
  parts.live.end(req, { type: 'stop', matched });
}

/** Main found no stop string: the ending stands. */
export function endAfterCheck(parts: Parts, req: Req): void {
  if (req.endReason === null) return;
  const seat = seatOf(parts, req);
  if (seat !== null) parts.waiting.noteInserted(seat, seat.keep());
  parts.live.end(req, req.endReason);
}

/** Ends a request in any phase at once; what it computed and did not share yet is thrown away. */
export function abort(parts: Parts, req: Req, reason?: FinishReason): void {
  const isWaiting = parts.waiting.has(req);
  const seat = seatOf(parts, req);
  if (seat !== null) {
    const wasLive = seat.isLive;
    if (wasLive) seat.leave();
    seat.drop();
    // What it computed is stored nowhere now.
    if (wasLive) parts.devices.at(seat.tree)?.cancel(seat);
  }
  parts.waiting.leave(req);
  parts.live.end(req, reason ?? abortWords(isWaiting));
}

/** Something failed: the client gets the code's status and the sentence. */
export function fail(parts: Parts, req: Req, { code, message }: Failure): void {
  abort(parts, req, failureReason(code, message));
}

/** The seat of a request that runs, or whose text main still checks. */
function seatOf({ waiting, devices }: Parts, req: Req): Seat | null {
  return waiting.has(req) ? null : devices.seatOf(req);
}

/** A request that runs leaves its seat, and rows of it that are in flight are not wanted any more. */
function interrupt({ devices }: Parts, seat: Seat): void {
  if (!seat.isLive) return;
  seat.leave();
  devices.at(seat.tree)?.cancel(seat);
}
