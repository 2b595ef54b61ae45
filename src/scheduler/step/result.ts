/** A step's result: tokens and log-probabilities to main, endings, and the rows that are no longer in flight. */
import assert from 'node:assert/strict';
import {
  RESULT_DEAD_END,
  RESULT_FAILED,
  RESULT_LENGTH,
  RESULT_NO_MASK,
  RESULT_STALLED,
  RESULT_STOP,
  RESULT_STRIDE,
  type PlanHiddenRows,
  type PlanLogprobRow,
  type StepResult,
} from '../../core/batch.js';
import type { Failure } from '../../core/errors.js';
import { hiddenRowsFrom } from '../../core/hidden-states.js';
import type { DeviceLink, PostedStep } from '../devices/link.js';
import { decodeLine } from '../devices/log-lines.js';
import { endByItself, fail } from '../leave.js';
import type { SchedulerParts } from '../parts.js';
import type { Seat } from '../seat/seat.js';
import { acceptTurns } from './turns.js';

/** NaN or infinite logits, or every token masked: the request cannot go on, its batch mates can. */
const NO_DISTRIBUTION = 'The model gave no probabilities for the next token.';
const DEAD_END =
  'The grammar of this request cannot be followed any further: no token of the vocabulary fits, or it is too ambiguous.';
const NO_MASK = 'The grammar thread did not say in time which tokens may come next.';

/** Flags that end a request without a token. */
const FAILURES: readonly (readonly [flag: number, failure: Failure])[] = [
  [RESULT_FAILED, { code: 'DEVICE_FAILED', message: NO_DISTRIBUTION }],
  [RESULT_DEAD_END, { code: 'INVALID_REQUEST', message: DEAD_END }],
  [RESULT_NO_MASK, { code: 'INTERNAL', message: NO_MASK }],
];

type Parts = Pick<
  SchedulerParts,
  'config' | 'clock' | 'outbox' | 'live' | 'waiting' | 'devices' | 'experts' | 'profiling'
>;

export function processResult(parts: Parts, link: DeviceLink, result: StepResult): void {
  const posted = link.steps.shift();
  assert(posted?.step === result.step, `step ${result.step} answers no posted step`);
  for (const seat of posted.rows) seat.answered();
  acceptTurns(link, posted, result);
  for (const row of result.logprobRows) acceptLogprob(parts, posted, row);
  for (const rows of result.hiddenRows) acceptHidden(parts, posted, rows);
  if (result.routing !== null) parts.experts.record(link.device.rank, posted, result.routing);
  if (parts.profiling) tellOfStep(parts, link, posted, result);
  acceptTokens(parts, link, posted, result.tokens);
  endPrefillOnly(parts, posted);
  if (posted.sampled) countDecodeStep(parts, link);
}

function tellOfStep(
  { outbox }: Parts,
  { device }: DeviceLink,
  { numPrefillTokens, numPrefillRows, numCachedTokens, prefillLens, rows }: PostedStep,
  { step, timing }: StepResult,
): void {
  outbox.timed({
    device,
    step,
    numPrefillTokens,
    numDecodeRows: rows.length - numPrefillRows,
    numCachedTokens,
    prefills: prefillLens.map((numTokens, i) => ({ rid: rows[i]?.req.input.rid ?? '', numTokens })),
    timing,
  });
}

function acceptTokens(
  parts: Parts,
  link: DeviceLink,
  posted: PostedStep,
  tokens: Int32Array,
): void {
  for (let i = 0; i < tokens.length; i += RESULT_STRIDE) {
    const [row = -1, token = -1, flags = 0] = tokens.subarray(i, i + RESULT_STRIDE);
    const seat = posted.rows[row];
    // A row of a request that was aborted or stopped meanwhile is nobody's.
    if (seat?.isLive !== true) continue;
    if ((flags & RESULT_STALLED) !== 0) {
      seat.stalled(row < posted.numPrefillRows);
      continue;
    }
    const failure = FAILURES.find(([flag]) => (flags & flag) !== 0)?.[1];
    if (failure !== undefined) {
      fail(parts, seat.req, failure);
      continue;
    }
    seat.req.outputIds.push(token);
    parts.outbox.token(seat.req.num, token);
    link.stats.addTokens(1);
    endIfDone(parts, seat, token, flags);
  }
}

function endIfDone(parts: Parts, seat: Seat, token: number, flags: number): void {
  const { maxNewTokens, outputIds } = seat.req;
  // Length goes before stop when both are true, as in SGLang.
  if ((flags & RESULT_LENGTH) !== 0 || outputIds.length >= maxNewTokens) {
    endByItself(parts, seat, { type: 'length', length: maxNewTokens });
  } else if ((flags & RESULT_STOP) !== 0) {
    endByItself(parts, seat, { type: 'stop', matched: token });
  }
}

function acceptLogprob({ outbox }: Parts, posted: PostedStep, row: PlanLogprobRow): void {
  const seat = posted.rows[row.planRow];
  if (seat?.isLive !== true) return;
  const { req } = seat;
  if (row.part === 'prompt') {
    // A retracted request computes rows again whose log-probabilities main has already.
    if (row.position < req.nextPromptLogprob) return;
    req.nextPromptLogprob = row.position + 1;
  }
  const { position, part, ids, values } = row;
  outbox.logprob({ num: req.num, position, part, ids, values });
}

/** What a retracted request computes again, and a row whose mask was late, main has already. */
function acceptHidden({ outbox }: Parts, posted: PostedStep, rows: PlanHiddenRows): void {
  const seat = posted.rows[rows.planRow];
  if (seat?.isLive !== true) return;
  const { req } = seat;
  assert(rows.position <= req.nextHiddenRow, 'hidden states of a row are missing');
  const fresh = hiddenRowsFrom(rows, req.nextHiddenRow);
  if (fresh === null) return;
  req.nextHiddenRow = fresh.position + fresh.numRows;
  outbox.hidden({ num: req.num, ...fresh });
}

/** A request for no tokens has ended when its prompt is computed. */
function endPrefillOnly(parts: Parts, posted: PostedStep): void {
  for (let row = 0; row < posted.numPrefillRows; row++) {
    const seat = posted.rows[row];
    if (seat?.isLive !== true || seat.req.maxNewTokens > 0 || !seat.isPrefillDone) continue;
    endByItself(parts, seat, { type: 'length', length: 0 });
  }
}

function countDecodeStep({ config, clock, outbox, waiting }: Parts, link: DeviceLink): void {
  link.newTokenRatio.decay();
  if (link.stats.decodeStepDone(config.decodeLogInterval, clock.nowMs())) {
    outbox.log('info', decodeLine(link, waiting.length));
  }
}
