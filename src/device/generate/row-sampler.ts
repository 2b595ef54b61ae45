import {
  RESULT_DEAD_END,
  RESULT_FAILED,
  RESULT_NO_MASK,
  RESULT_STALLED,
} from '../../core/batch.js';
import type { DeviceSlot } from './device-slot.js';
import { argmax } from '../sampling/full-row.js';
import { isDistribution, logprobRow, type HeadRows } from '../sampling/head-rows.js';
import { adjustedRow, gatherLogprobs, graphRow } from '../sampling/logprobs.js';
import { maskRow } from '../sampling/masked-row.js';
import { sampleAllowed } from '../sampling/masked-sampler.js';
import { adjustRow, needsAdjusting } from '../sampling/penalties.js';
import type { PromptScore } from './prefill-runs.js';
import { uniformAt } from '../sampling/rng.js';
import { NEEDS_FULL_ROW, Sampler } from '../sampling/sampler.js';
import type { Mask } from './slot-masks.js';
import type { StepOutput } from './step-output.js';

/** Turns head rows into tokens and log-probability rows of the requests they belong to. */
export class RowSampler {
  readonly #head: HeadRows;
  readonly #sampler = new Sampler();
  /** `[vocabSize]`, made when the first request needs it. */
  #adjusted: Float32Array | null = null;
  /** `[vocabSize]`, made when the first request has a grammar. */
  #masked: Float32Array | null = null;

  constructor(head: HeadRows) {
    this.#head = head;
  }

  /** Samples the next token of `slot` from a head row, among those that the mask leaves; a number leaves that one. */
  sample(slot: DeviceSlot, mask: Mask | number, place: SamplePlace): void {
    const { row, planRow, output } = place;
    if (typeof mask === 'string') {
      slot.ended = mask !== 'late';
      output.addToken(planRow, 0, NO_TOKEN[mask]);
      return;
    }
    const { params, wants } = slot;
    const u = uniformAt(params, slot.nextPosition);
    const adjusted = needsAdjusting(params, slot.numOutputs) ? this.#adjust(slot, row) : null;
    if (!isDistribution(this.#head, row) || (adjusted !== null && isEmpty(adjusted))) {
      slot.ended = true;
      output.addToken(planRow, 0, RESULT_FAILED);
      return;
    }
    const token = this.#pick(slot, { row, adjusted, mask, u });
    if (wants !== null) {
      const scored = adjusted === null ? graphRow(this.#head, row) : adjustedRow(adjusted);
      output.addLogprobs(gatherLogprobs(scored, token, wants), {
        planRow,
        position: slot.numOutputs,
        part: 'output',
      });
    }
    output.addToken(planRow, token, slot.accept(token));
  }

  /** Log-probability of a prompt token, without temperature or penalties: nothing was sampled there. */
  scorePrompt(slot: DeviceSlot, score: PromptScore, row: number, target: ScoreTarget): void {
    if (slot.wants === null) return;
    const logprobs = gatherLogprobs(graphRow(this.#head, row), score.token, slot.wants);
    const { planRow, output } = target;
    output.addLogprobs(logprobs, { planRow, position: score.position, part: 'prompt' });
  }

  #pick(slot: DeviceSlot, { row, adjusted, mask, u }: Draw): number {
    if (typeof mask === 'number') return mask;
    if (mask !== null) return this.#pickAllowed(slot, { row, adjusted, mask, u });
    const { params } = slot;
    return adjusted === null
      ? this.#sampler.sample(this.#head, row, params, u)
      : this.#sampler.sampleAdjusted(adjusted, params, u);
  }

  /** Log-probabilities show what the model thought; the token is drawn from what the grammar leaves of it. */
  #pickAllowed({ params }: DeviceSlot, { row, adjusted, mask, u }: Draw<Int32Array>): number {
    if (adjusted === null) {
      const token = sampleAllowed(this.#head, row, mask, params, u);
      if (token !== NEEDS_FULL_ROW) return token;
    }
    this.#masked ??= new Float32Array(this.#head.vocabSize);
    const given = logprobRow(this.#head, row);
    // A stop id that `min_new_tokens` forbids may be all that the grammar leaves.
    if (!maskRow(this.#masked, adjusted ?? given, mask)) maskRow(this.#masked, given, mask);
    return this.#sampler.sampleAdjusted(this.#masked, params, u);
  }

  #adjust(slot: DeviceSlot, row: number): Float32Array {
    this.#adjusted ??= new Float32Array(this.#head.vocabSize);
    adjustRow(this.#adjusted, this.#head, row, slot);
    return this.#adjusted;
  }
}

/** Whether the whole head row of the slot's next token may be read, not its best entries alone. */
export function needsWholeRow(slot: DeviceSlot, { topCount, vocabSize }: HeadRows): boolean {
  const { params, wants, grammar, numOutputs } = slot;
  if (wants !== null || grammar !== null || needsAdjusting(params, numOutputs)) return true;
  return params.topK > topCount && topCount < vocabSize;
}

/** Flags of rows that have no token. */
const NO_TOKEN = {
  late: RESULT_STALLED,
  deadEnd: RESULT_DEAD_END,
  missing: RESULT_NO_MASK,
} as const;

interface Draw<M = Int32Array | number | null> {
  readonly row: number;
  readonly adjusted: Float32Array | null;
  readonly mask: M;
  readonly u: number;
}

/** Where a token comes from, and where it goes. */
export interface SamplePlace {
  /** Head row. */
  readonly row: number;
  readonly planRow: number;
  readonly output: StepOutput;
}

export interface ScoreTarget {
  readonly planRow: number;
  readonly output: StepOutput;
}

/** Everything masked: normalising left no number. */
function isEmpty(row: Float32Array): boolean {
  return !Number.isFinite(row[argmax(row)]);
}
