/**
 * What happens when pages run out. A victim gets no more rows; once its posted ones are back its KV goes
 * to the tree (where it can be evicted) and it to the front of the queue. It resumes by matching what is
 * left, prefilling the rest of its prompt and replaying its outputs as decode rows.
 */
import type { DeviceLink } from '../devices/link.js';
import { RETRACT_DECODE_STEPS } from '../devices/new-token-ratio.js';
import { fail } from '../leave.js';
import type { SchedulerParts } from '../parts.js';
import type { Req } from '../req.js';
import type { Seat } from '../seat/seat.js';

type Parts = Pick<SchedulerParts, 'outbox' | 'live' | 'waiting' | 'devices'>;

/** Victims with nothing in flight leave their slot with the step that is being planned. */
export function requeueRetracted({ waiting }: Parts, link: DeviceLink): void {
  const requeued: Req[] = [];
  for (const seat of link.seats) {
    if (!seat.isRetracting || !seat.isQuiet) continue;
    const { req } = seat;
    seat.leave();
    seat.keep();
    req.numRetractions++;
    req.routedRows = Math.max(req.routedRows, seat.plannedLen);
    link.stats.addRetraction(req);
    requeued.push(req);
  }
  waiting.acceptAgain(requeued);
}

/** Makes room for seats that cannot grow. True when it changed something that can be planned now. */
export function relieveStarved(parts: Parts, link: DeviceLink): boolean {
  const { pages, seats, leavers } = link;
  const onTheirWay = pages.numAsked > 0 || !pages.dry || leavers.size > 0;
  if (!link.starved || onTheirWay || [...seats].some((seat) => seat.isRetracting)) return false;
  if (parts.waiting.giveUpOthers(link, null)) return false;
  const [only] = seats;
  if (seats.size === 1 && only !== undefined) {
    fail(parts, only.req, { code: 'INVALID_REQUEST', message: tooLargeMessage(link) });
    return true;
  }
  const victims = chooseVictims(link);
  for (const seat of victims) seat.retract();
  raiseRatio(link);
  parts.outbox.log(
    'info',
    `KV cache pool is full. Retract requests. #retracted_reqs: ${victims.length}, ` +
      `#new_token_ratio: ${link.newTokenRatio.value.toFixed(4)}`,
  );
  return true;
}

function tooLargeMessage({ limits }: DeviceLink): string {
  const numTokens = limits.numPages * limits.pageSizeTokens;
  return `The KV cache pool is full: this request alone needs more than its ${numTokens} tokens (--max-total-tokens).`;
}

/** Seats with the fewest outputs, longest prompts first (SGLang's order); at least one seat stays. */
function chooseVictims(link: DeviceLink): Seat[] {
  const order = [...link.seats].sort(
    (a, b) => a.req.outputIds.length - b.req.outputIds.length || b.req.promptLen - a.req.promptLen,
  );
  const pagesPerSeat = link.pagesFor(RETRACT_DECODE_STEPS);
  const victims: Seat[] = [];
  let freed = 0;
  for (const seat of order.slice(0, -1)) {
    victims.push(seat);
    freed += seat.numSoleHeldPages;
    if (freed >= (order.length - victims.length) * pagesPerSeat) break;
  }
  return victims;
}

/** Raises the new-token ratio to what the seats that stay have shown. */
function raiseRatio({ seats, newTokenRatio }: DeviceLink): void {
  let numKept = 0;
  let numOutputs = 0;
  let numMaxNew = 0;
  for (const { req, isRetracting } of seats) {
    if (isRetracting) continue;
    numKept++;
    numOutputs += req.outputIds.length;
    numMaxNew += req.maxNewTokens;
  }
  newTokenRatio.raise(numOutputs, numKept, numMaxNew);
}
