/**
 * Requests of embedding models. First come, first served; whole texts, packed under a token budget; two
 * steps in flight per device. Nothing here knows slots, pages or prefixes, and the generate path knows
 * nothing of this.
 */
import assert from 'node:assert/strict';
import type { EmbedResult } from '../core/batch.js';
import type { Failure } from '../core/errors.js';
import { abortReason, failureReason, type FinishReason } from '../core/finish-reason.js';
import type { Abort, SubmitEmbed } from '../messages.js';
import { MAX_STEPS_IN_FLIGHT, type DeviceLink } from './device-link.js';
import { EmbedReq } from './embed-queue.js';
import { prefillBudget } from './prefill.js';
import { openLinks, type SchedulerState } from './state.js';
import { notePrefill } from './stats.js';
import { matchesAbort, reasonGiven, SHUTTING_DOWN } from './submission.js';

/** A request whose device died this many times is given up. */
const DEVICE_DEATHS_MAX = 2;
/** SGLang's ending of an embed request: no new tokens were asked for, and none were made. */
const DONE: FinishReason = { type: 'length', length: 0 };
const NOT_FINITE = 'The model gave a vector that is not finite.';

export function submitEmbed(state: SchedulerState, message: SubmitEmbed, draining: boolean): void {
  const failure = draining ? SHUTTING_DOWN : whyRefused(state, message);
  state.outbox.main({ kind: 'submitted', batch: message.batch, failure });
  if (failure !== null) return;
  const nowMs = state.clock.nowMs();
  for (const input of message.reqs) state.embeds.add(new EmbedReq(input, nowMs));
}

function whyRefused({ embeds, config }: SchedulerState, { reqs }: SubmitEmbed): Failure | null {
  const seen = new Set<string>();
  for (const { rid } of reqs) {
    if (embeds.rids.has(rid) || seen.has(rid)) {
      return { code: 'INVALID_REQUEST', message: `Duplicate request ID detected: ${rid}` };
    }
    seen.add(rid);
  }
  // A batch larger than the whole queue is no overload: it waits for nobody but itself.
  const isFull = embeds.numWaiting + reqs.length > config.maxQueuedRequests;
  return isFull && embeds.numWaiting > 0
    ? { code: 'QUEUE_FULL', message: 'The request queue is full.' }
    : null;
}

export function abortEmbeds(state: SchedulerState, message: Abort): void {
  for (const req of [...state.embeds.live.values()]) {
    if (matchesAbort(message, req)) abortEmbed(state, req, reasonGiven(message));
  }
}

/** Ends a text at once, waiting or running; what its step computes of it is nobody's. */
export function abortEmbed(state: SchedulerState, req: EmbedReq, reason?: FinishReason): void {
  const isWaiting = state.embeds.waiting.has(req);
  finishEmbed(state, req, reason ?? abortReason(isWaiting ? 'Abort in waiting queue' : 'Aborted'));
}

/** Texts of the device's steps that somebody still waits for. */
export function numRunningEmbeds({ embeds }: SchedulerState, { embedSteps }: DeviceLink): number {
  return embedSteps.flatMap(({ reqs }) => reqs).filter((req) => embeds.isLive(req)).length;
}

/** Posts steps to the least loaded devices until all have two in flight or nobody waits. */
export function scheduleEmbeds(state: SchedulerState): void {
  while (state.embeds.numWaiting > 0) {
    const link = leastLoaded(state);
    if (link === null) return;
    postStep(state, link);
  }
}

function leastLoaded(state: SchedulerState): DeviceLink | null {
  let best: { link: DeviceLink; load: number } | null = null;
  for (const link of openLinks(state)) {
    if (link.embedSteps.length >= MAX_STEPS_IN_FLIGHT) continue;
    const load = link.embedSteps.reduce((sum, { numTokens }) => sum + numTokens, 0);
    if (best === null || load < best.load) best = { link, load };
  }
  return best?.link ?? null;
}

function postStep(state: SchedulerState, link: DeviceLink): void {
  const reqs = state.embeds.take(prefillBudget(state.config, false));
  const step = link.nextStep++;
  const numTokens = reqs.reduce((sum, req) => sum + req.numTokens, 0);
  link.embedSteps.push({ step, reqs, numTokens });
  const sequences = reqs.map(({ input: { tokens, tokenTypes } }) => ({ tokens, tokenTypes }));
  state.outbox.device(link.device, { kind: 'embed', plan: { step, sequences } });
  for (const req of reqs) noteRun(state, link, req);
  const numQueued = state.embeds.numWaiting;
  const counts = { numSeqs: reqs.length, numNewTokens: numTokens, numCachedTokens: 0, numQueued };
  notePrefill(state, link, counts);
}

function noteRun(state: SchedulerState, link: DeviceLink, req: EmbedReq): void {
  const queueMs = state.clock.nowMs() - req.acceptedAtMs;
  req.firstRun ??= { queueMs, rank: link.device.rank };
}

export function processEmbed(state: SchedulerState, link: DeviceLink, result: EmbedResult): void {
  const posted = link.embedSteps.shift();
  assert(posted?.step === result.step, `embed step ${result.step} answers no posted step`);
  posted.reqs.forEach((req, i) => {
    if (!state.embeds.isLive(req)) return;
    const values = result.vectors.slice(i * result.dim, (i + 1) * result.dim);
    if (!values.every(Number.isFinite)) {
      finishEmbed(state, req, failureReason('DEVICE_FAILED', NOT_FINITE));
      return;
    }
    state.outbox.vector({ num: req.num, values });
    finishEmbed(state, req, DONE);
  });
}

/** The device is gone: what it had is tried once more, before everybody else. */
export function retryEmbeds(state: SchedulerState, link: DeviceLink, why: string): number {
  const retried: EmbedReq[] = [];
  for (const req of link.embedSteps.flatMap(({ reqs }) => reqs)) {
    if (!state.embeds.isLive(req)) continue;
    if (++req.numDeviceDeaths < DEVICE_DEATHS_MAX) retried.push(req);
    else finishEmbed(state, req, failureReason('DEVICE_FAILED', why));
  }
  state.embeds.pushFront(retried);
  return retried.length;
}

function finishEmbed(state: SchedulerState, req: EmbedReq, reason: FinishReason): void {
  state.embeds.forget(req);
  state.outbox.finish({ num: req.num, reason, stats: req.stats() });
}
