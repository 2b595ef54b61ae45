/** One step of one device: what to post next, from who runs and who waits. */
import { admit, wantPagesAhead } from './admission.js';
import { adjustLease } from './cache-ops.js';
import { planDecode } from './decode.js';
import type { DeviceLink } from './device-link.js';
import { settle } from './ending.js';
import { planPrefill, prefillBudget } from './prefill.js';
import { preempt } from './priority.js';
import { relieveStarved, requeueRetracted } from './retract.js';
import type { SchedulerState } from './state.js';
import { notePrefill } from './stats.js';
import { StepBuilder } from './step-builder.js';

/** Posts steps to the device until two are in flight or nothing can run. */
export function scheduleLink(state: SchedulerState, link: DeviceLink): void {
  do {
    while (link.canPost && postStep(state, link));
  } while (state.paused === null && relieveStarved(state, link));
  if (!link.canPost) wantPagesAhead(state, link);
  adjustLease(state, link);
  if (link.runs.size === 0) {
    link.newTokenRatio.reset();
    link.stats.pause();
  }
}

/** False when there is nothing to run. */
function postStep(state: SchedulerState, link: DeviceLink): boolean {
  const step = new StepBuilder(link.nextStep, link.limits.pageSizeTokens, state.recordsExperts);
  requeueRetracted(state, link);
  if (state.paused === null) preempt(state, link);
  if (state.paused === null) planRows(state, link, step);
  planClosing(state, link, step);
  if (step.isEmpty) return false;
  link.nextStep++;
  link.steps.push(step.posted());
  state.outbox.device(link.device, { kind: 'step', plan: step.plan() });
  countPrefill(state, link, step);
  slotsClosed(state, link);
  return true;
}

function planRows(state: SchedulerState, link: DeviceLink, step: StepBuilder): void {
  planDecode(link, step);
  const budget = prefillBudget(state.config, step.numDecodeRows > 0);
  admit(state, link, step, budget);
  planPrefill(state, link, step, budget);
}

/** Ended runs leave: their known rows to pages, their slots free from the next step on. */
function planClosing(state: SchedulerState, link: DeviceLink, step: StepBuilder): void {
  for (const run of link.closing) {
    const keeps = !run.pagesReleased && !state.config.disableRadixCache;
    if (keeps) step.store(run, link.wholePages(run.closeRows));
    step.frees.push(run.slot);
  }
}

function slotsClosed(state: SchedulerState, link: DeviceLink): void {
  for (const run of link.closing.splice(0)) {
    link.freeSlots.push(run.slot);
    run.slotClosed = true;
    settle(state, link, run);
  }
}

function countPrefill(state: SchedulerState, link: DeviceLink, step: StepBuilder): void {
  if (step.prefill.length === 0) return;
  notePrefill(state, link, {
    numSeqs: step.prefill.length,
    numNewTokens: step.numPrefillTokens,
    numCachedTokens: step.numCachedTokens,
    numQueued: state.queue.length,
  });
}
