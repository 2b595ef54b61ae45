/** How a request leaves its slot, its pages and the scheduler. Each is a separate moment. */
import assert from 'node:assert/strict';
import { abortReason, type FinishReason } from '../core/finish-reason.js';
import { releasePages } from './cache-ops.js';
import type { DeviceLink } from './device-link.js';
import { letGoHeld, stopWaitingForHolder } from './hold-back.js';
import { dropMatch, noteInserted } from './prefix-match.js';
import type { Req } from './req.js';
import type { Run } from './run.js';
import type { SchedulerState } from './state.js';

/** The device ended the request: `stop`, or `length`. Main may have to look at its text first. */
export function endByItself(state: SchedulerState, run: Run, reason: FinishReason): void {
  const { req } = run;
  closeRun(state, run);
  if (req.input.hasTextStops) {
    req.phase = 'checking';
    req.endReason = reason;
    state.outbox.check(req.num);
    return;
  }
  keepRows(state, run, run.closeRows);
  finish(state, req, reason);
}

/** A stop string matched `numOutputTokens` tokens into the answer: nothing after that ever was. */
export function endAtText(
  state: SchedulerState,
  req: Req,
  stop: { numOutputTokens: number; matched: string },
): void {
  const { run } = req;
  if (run !== null) {
    if (req.phase === 'running') {
      closeRun(state, run);
      cancel(state, run);
    }
    keepRows(state, run, Math.min(run.closeRows, req.promptLen + stop.numOutputTokens));
  }
  if (stop.numOutputTokens < req.outputIds.length) req.outputIds.length = stop.numOutputTokens;
  finish(state, req, { type: 'stop', matched: stop.matched });
}

/** Main found no stop string: the ending stands. */
export function endAfterCheck(state: SchedulerState, req: Req): void {
  if (req.phase !== 'checking' || req.endReason === null) return;
  if (req.run !== null) keepRows(state, req.run, req.run.closeRows);
  finish(state, req, req.endReason);
}

/** Ends a request in any phase at once; what it computed and did not share yet is thrown away. */
export function abort(state: SchedulerState, req: Req, reason?: FinishReason): void {
  const waiting = req.phase === 'waiting';
  const { run } = req;
  if (run !== null) {
    if (req.phase === 'running') {
      closeRun(state, run);
      cancel(state, run);
    }
    dropRows(state, run);
  }
  finish(state, req, reason ?? abortReason(waiting ? 'Abort in waiting queue' : 'Aborted'));
}

/** The one ending of a request. Its slot and pages may go a little later. */
export function finish(state: SchedulerState, req: Req, reason: FinishReason): void {
  assert(req.phase !== 'finished' && state.live.get(req.num) === req, 'a request ended twice');
  if (req.phase === 'waiting') {
    dropMatch(state, req);
    stopWaitingForHolder(req);
    state.queue.remove(req);
  }
  letGoHeld(req);
  req.phase = 'finished';
  req.run = null;
  state.live.delete(req.num);
  state.rids.delete(req.input.rid);
  state.outbox.finish({ num: req.num, reason, stats: req.stats() });
}

/** No more rows; the next step stores what is known and frees the slot. */
export function closeRun(state: SchedulerState, run: Run): void {
  const link = state.links.get(run.tree);
  assert(link !== undefined && link.runs.delete(run), 'only a run of a live device is closed');
  run.closeRows = run.knownRows;
  link.closing.push(run);
  link.unsettled.add(run);
}

/** The first `numRows` rows go to the tree as soon as slot and lock allow. */
export function keepRows(state: SchedulerState, run: Run, numRows: number): void {
  run.keepRows = numRows;
  const link = state.links.get(run.tree);
  if (link !== undefined) settle(state, link, run);
}

/** Gives the pages back when all that must come before has come. */
export function settle(state: SchedulerState, link: DeviceLink, run: Run): void {
  if (!link.unsettled.has(run) || run.keepRows === null) return;
  if (!run.pagesReleased) {
    if (!run.slotClosed || run.numPagesInserting > 0) return;
    releasePages(state, link, run);
    noteInserted(state, run, run.keepRows);
  }
  if (run.slotClosed && run.numPagesInserting === 0) link.unsettled.delete(run);
}

/** Pages go back at once: steps in flight may still write them, but before anybody else's step does. */
function dropRows(state: SchedulerState, run: Run): void {
  const link = state.links.get(run.tree);
  if (link === undefined) return;
  run.closeRows = 0;
  run.keepRows = 0;
  if (!run.pagesReleased && run.numPagesInserting === 0) releasePages(state, link, run);
  else if (!run.pagesReleased) releaseBesideInsert(link, run);
  settle(state, link, run);
}

/** The pages of an insert in flight are the tree's; only the lock is still to come. */
function releaseBesideInsert(link: DeviceLink, run: Run): void {
  link.pages.drop(run.pages);
  link.pages.give(run.pages.slice(run.numPagesInserting));
  link.pages.released();
  run.pagesReleased = true;
}

/**
 * Spares the device rows that nobody wants. Not while a posted step stores rows of the slot: those are
 * promised to the tree, and a cancelled slot might not have them.
 */
function cancel(state: SchedulerState, run: Run): void {
  const link = state.links.get(run.tree);
  const oldest = link?.steps[0];
  if (link === undefined || oldest === undefined || run.numStepsInFlight === 0) return;
  if (run.lastStoreStep >= oldest.step) return;
  state.outbox.device(link.device, { kind: 'cancel', slot: run.slot });
}
