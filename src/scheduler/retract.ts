/**
 * What happens when pages run out. A victim gets no more rows; once its posted ones are back its KV goes
 * to the tree (where it can be evicted) and it to the front of the queue. It resumes by matching what is
 * left, prefilling the rest of its prompt and replaying its outputs as decode rows.
 */
import { failureReason } from '../core/finish-reason.js';
import type { DeviceLink } from './device-link.js';
import { abort, closeRun, keepRows } from './ending.js';
import { letGoHeld } from './hold-back.js';
import { RETRACT_DECODE_STEPS } from './new-token-ratio.js';
import { giveUpMatches } from './prefix-match.js';
import type { Req } from './req.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

/** Victims with nothing in flight leave their slot with the step that is being planned. */
export function requeueRetracted(state: SchedulerState, link: DeviceLink): void {
  const requeued: Req[] = [];
  for (const run of link.runs) {
    if (!run.retracting || run.numStepsInFlight > 0 || run.numPagesInserting > 0) continue;
    closeRun(state, run);
    keepRows(state, run, run.closeRows);
    run.req.numRetractions++;
    run.req.routedRows = Math.max(run.req.routedRows, run.plannedLen);
    link.stats.addRetraction(run.req);
    requeued.push(backToWaiting(run.req));
  }
  if (requeued.length > 0) state.queue.pushFront(requeued);
}

/** The request loses its run; the caller puts it in front of the queue. */
export function backToWaiting(req: Req): Req {
  letGoHeld(req);
  req.run = null;
  req.phase = 'waiting';
  req.probe = 'none';
  return req;
}

/** Makes room for runs that cannot grow. True when it changed something that can be planned now. */
export function relieveStarved(state: SchedulerState, link: DeviceLink): boolean {
  const { pages, runs } = link;
  const onTheirWay = pages.numAsked > 0 || !pages.dry || link.unsettled.size > 0;
  if (!link.starved || onTheirWay || [...runs].some((run) => run.retracting)) return false;
  if (giveUpMatches(state, link, null)) return false;
  const [only] = runs;
  if (runs.size === 1 && only !== undefined) {
    abort(state, only.req, failureReason('INVALID_REQUEST', tooLargeMessage(link)));
    return true;
  }
  const victims = chooseVictims(link);
  for (const run of victims) run.retracting = true;
  const kept = [...runs].filter((run) => !run.retracting);
  raiseRatio(link, kept);
  state.outbox.log(
    'info',
    `KV cache pool is full. Retract requests. #retracted_reqs: ${victims.length}, ` +
      `#new_token_ratio: ${link.newTokenRatio.value.toFixed(4)}`,
  );
  return true;
}

function tooLargeMessage(link: DeviceLink): string {
  const numTokens = link.limits.numPages * link.limits.pageSizeTokens;
  return `The KV cache pool is full: this request alone needs more than its ${numTokens} tokens.`;
}

/** Those with the fewest outputs, longest prompts first (SGLang's order); at least one run stays. */
function chooseVictims(link: DeviceLink): Run[] {
  const order = [...link.runs].sort(
    (a, b) => a.req.outputIds.length - b.req.outputIds.length || b.req.promptLen - a.req.promptLen,
  );
  const pagesPerRun = link.pagesFor(RETRACT_DECODE_STEPS);
  const victims: Run[] = [];
  let freed = 0;
  for (const run of order.slice(0, -1)) {
    victims.push(run);
    freed += link.pages.numSoleHeld(run.pages);
    if (freed >= (order.length - victims.length) * pagesPerRun) break;
  }
  return victims;
}

function raiseRatio(link: DeviceLink, kept: readonly Run[]): void {
  let numOutputs = 0;
  let numMaxNew = 0;
  for (const { req } of kept) {
    numOutputs += req.outputIds.length;
    numMaxNew += req.maxNewTokens;
  }
  link.newTokenRatio.raise(numOutputs, kept.length, numMaxNew);
}
