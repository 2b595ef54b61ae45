/** One step of one device: what to post next, from who runs and who waits. */
import type { DeviceLink, PostedStep } from '../devices/link.js';
import { notePrefill } from '../devices/log-lines.js';
import type { SchedulerParts } from '../parts.js';
import { admit, wantPagesAhead } from './admission.js';
import { StepBuilder } from './builder.js';
import { planDecode } from './decode.js';
import { planPrefill, prefillBudget } from './prefill.js';
import { preempt } from './preempt.js';
import { relieveStarved, requeueRetracted } from './retract.js';

type Parts = Pick<
  SchedulerParts,
  'config' | 'clock' | 'outbox' | 'live' | 'waiting' | 'devices' | 'experts' | 'paused'
>;

/** Posts steps to the device until two are in flight or nothing can run. */
export function scheduleSteps(parts: Parts, link: DeviceLink): void {
  do {
    while (link.canPost && planNext(parts, link));
  } while (parts.paused === null && relieveStarved(parts, link));
  if (!link.canPost) {
    planJoining(parts, link);
    wantPagesAhead(parts, link);
  }
  link.adjustLease();
  if (link.seats.size === 0) {
    link.newTokenRatio.reset();
    link.stats.pause();
  }
}

/** Plans the next step and posts it; false when there is nothing to run. */
function planNext(parts: Parts, link: DeviceLink): boolean {
  const step = new StepBuilder(link.nextStep, parts.experts.isOn);
  requeueRetracted(parts, link);
  if (parts.paused === null) planRows(parts, link, step);
  planFrees(link, step);
  if (step.isEmpty) return false;
  post(parts, link, step, { joins: false });
  return true;
}

function planRows(parts: Parts, link: DeviceLink, step: StepBuilder): void {
  preempt(parts, link);
  planDecode(link, step);
  const budget = prefillBudget(parts.config, step.numDecodeRows > 0);
  admit(parts, link, step, budget);
  planPrefill(parts, link, step, { seats: link.seats, budget });
}

/**
 * Who comes while as many steps as may be are in flight begins in one of its own, of what the last of them leaves of its
 * budget: a device that has not begun that one runs both together, so that nobody waits for a step more.
 */
function planJoining(parts: Parts, link: DeviceLink): void {
  if (!link.joinsSteps || parts.paused !== null || parts.waiting.length === 0) return;
  const { lastSteps } = link;
  const numTokens = lastSteps.reduce((sum, { numPrefillTokens }) => sum + numPrefillTokens, 0);
  const sampled = lastSteps.some((step) => step.sampled);
  const budget = prefillBudget(parts.config, sampled) - numTokens;
  const step = new StepBuilder(link.nextStep, parts.experts.isOn);
  const seats = admit(parts, link, step, budget);
  if (seats.length === 0) return;
  planPrefill(parts, link, step, { seats, budget });
  planFrees(link, step);
  post(parts, link, step, { joins: true });
}

function post(
  parts: Parts,
  link: DeviceLink,
  step: StepBuilder,
  { joins }: Pick<PostedStep, 'joins'>,
): void {
  planMaps(link, step);
  link.postStep(step.plan(), step.posted(joins));
  if (step.numPrefillRows > 0) countPrefill(parts, link, step);
  closeSlots(parts, link);
}

/** Seats that were left: their known rows to pages, their slots free from the next step on. */
function planFrees(link: DeviceLink, step: StepBuilder): void {
  for (const seat of link.leavers) {
    if (seat.phase !== 'leaving') continue;
    step.store(seat.closingStore(step.step));
    step.free(seat.slot);
  }
}

/** Whoever's pages changed, with rows in this step or without: another seat may write there in it. */
function planMaps(link: DeviceLink, step: StepBuilder): void {
  for (const seat of link.remapped) step.map(seat.maps());
}

/** Frees the slots of the step that was just posted. */
function closeSlots({ waiting }: Parts, link: DeviceLink): void {
  for (const seat of link.leavers) {
    if (seat.phase === 'leaving') waiting.noteInserted(seat, seat.closeSlot());
  }
}

function countPrefill({ outbox, waiting }: Parts, link: DeviceLink, step: StepBuilder): void {
  notePrefill(outbox, link, {
    numSeqs: step.numPrefillRows,
    numNewTokens: step.numPrefillTokens,
    numCachedTokens: step.numCachedTokens,
    numQueued: waiting.length,
  });
}
