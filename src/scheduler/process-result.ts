/** A step's result: tokens and log-probabilities to main, endings, and the rows that are no longer in flight. */
import { failureReason } from '../core/finish-reason.js';
import assert from 'node:assert/strict';
import {
  RESULT_FAILED,
  RESULT_LENGTH,
  RESULT_STOP,
  RESULT_STRIDE,
  type PlanLogprobRow,
  type StepResult,
} from '../core/batch.js';
import type { DeviceLink, PostedStep } from './device-link.js';
import { abort, endByItself } from './ending.js';
import { recordRouting } from './expert-routing.js';
import type { Run } from './run.js';
import { decodeLine } from './stats.js';
import type { SchedulerState } from './state.js';

/** NaN or infinite logits, or every token masked: the request cannot go on, its batch mates can. */
const NO_DISTRIBUTION = 'The model gave no probabilities for the next token.';

export function processResult(state: SchedulerState, link: DeviceLink, result: StepResult): void {
  const posted = link.steps.shift();
  assert(posted?.step === result.step, `step ${result.step} answers no posted step`);
  for (const run of posted.rows) run.numStepsInFlight--;
  for (const row of result.logprobRows) acceptLogprob(state, posted, row);
  if (result.routing !== null) recordRouting(state, link, posted, result.routing);
  if (state.profiling) tellOfStep(state, link, posted, result);
  acceptTokens(state, link, posted, result.tokens);
  endPrefillOnly(state, posted);
  if (posted.sampled) countDecodeStep(state, link);
}

function tellOfStep(
  state: SchedulerState,
  link: DeviceLink,
  posted: PostedStep,
  { step, timing }: StepResult,
): void {
  const { numPrefillTokens, numPrefillRows, rows } = posted;
  const numDecodeRows = rows.length - numPrefillRows;
  const { device } = link;
  state.outbox.main({ kind: 'stepTimed', device, step, numPrefillTokens, numDecodeRows, timing });
}

function acceptTokens(
  state: SchedulerState,
  link: DeviceLink,
  posted: PostedStep,
  tokens: Int32Array,
): void {
  for (let i = 0; i < tokens.length; i += RESULT_STRIDE) {
    const [row = -1, token = -1, flags = 0] = tokens.subarray(i, i + RESULT_STRIDE);
    const run = posted.rows[row];
    // A row of a request that was aborted or stopped meanwhile is nobody's.
    if (run?.isLive !== true) continue;
    if ((flags & RESULT_FAILED) !== 0) {
      abort(state, run.req, failureReason('DEVICE_FAILED', NO_DISTRIBUTION));
      continue;
    }
    run.req.outputIds.push(token);
    state.outbox.token(run.req.num, token);
    link.stats.addTokens(1);
    endIfDone(state, run, token, flags);
  }
}

function endIfDone(state: SchedulerState, run: Run, token: number, flags: number): void {
  const { maxNewTokens, outputIds } = run.req;
  // Length goes before stop when both are true, as in SGLang.
  if ((flags & RESULT_LENGTH) !== 0 || outputIds.length >= maxNewTokens) {
    endByItself(state, run, { type: 'length', length: maxNewTokens });
  } else if ((flags & RESULT_STOP) !== 0) {
    endByItself(state, run, { type: 'stop', matched: token });
  }
}

function acceptLogprob(state: SchedulerState, posted: PostedStep, row: PlanLogprobRow): void {
  const run = posted.rows[row.planRow];
  if (run?.isLive !== true) return;
  const { req } = run;
  if (row.part === 'prompt') {
    // A retried request computes rows again whose log-probabilities main has already.
    if (row.position < req.nextPromptLogprob) return;
    req.nextPromptLogprob = row.position + 1;
  }
  const { position, part, ids, values } = row;
  state.outbox.logprob({ num: req.num, position, part, ids, values });
}

/** A request for no tokens has ended when its prompt is computed. */
function endPrefillOnly(state: SchedulerState, posted: PostedStep): void {
  for (const run of posted.rows.slice(0, posted.numPrefillRows)) {
    const done = run.prefillLeft === 0 && run.numStepsInFlight === 0;
    if (run.isLive && done && run.req.maxNewTokens === 0) {
      endByItself(state, run, { type: 'length', length: 0 });
    }
  }
}

function countDecodeStep(state: SchedulerState, link: DeviceLink): void {
  link.newTokenRatio.decay();
  if (link.stats.decodeStepDone(state.config.decodeLogInterval, state.clock.nowMs())) {
    state.outbox.log('info', decodeLine(link, state.queue.length));
  }
}
