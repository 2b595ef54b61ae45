import { RESULT_FAILED } from '../../core/batch.js';
import type { DeviceSlot } from './device-slot.js';
import { argmax } from '../sampling/full-row.js';
import { isDistribution, type HeadRows } from '../sampling/head-rows.js';
import { adjustedRow, gatherLogprobs, graphRow } from '../sampling/logprobs.js';
import { adjustRow, needsAdjusting } from '../sampling/penalties.js';
import type { PromptScore } from './prefill-runs.js';
import { uniformAt } from '../sampling/rng.js';
import { Sampler } from '../sampling/sampler.js';
import type { StepOutput } from './step-output.js';

/** Turns head rows into tokens and log-probability rows of the requests they belong to. */
export class RowSampler {
  readonly #head: HeadRows;
  readonly #sampler = new Sampler();
  /** `[vocabSize]`, made when the first request needs it. */
  #adjusted: Float32Array | null = null;

  constructor(head: HeadRows) {
    this.#head = head;
  }

  /** Samples the next token of `slot` from head row `row`. */
  sample(slot: DeviceSlot, row: number, planRow: number, output: StepOutput): void {
    const { params, wants } = slot;
    const u = uniformAt(params, slot.nextPosition);
    const adjusted = needsAdjusting(params, slot.numOutputs) ? this.#adjust(slot, row) : null;
    if (!isDistribution(this.#head, row) || (adjusted !== null && isEmpty(adjusted))) {
      slot.ended = true;
      output.addToken(planRow, 0, RESULT_FAILED);
      return;
    }
    const token =
      adjusted === null
        ? this.#sampler.sample(this.#head, row, params, u)
        : this.#sampler.sampleAdjusted(adjusted, params, u);
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

  #adjust(slot: DeviceSlot, row: number): Float32Array {
    this.#adjusted ??= new Float32Array(this.#head.vocabSize);
    adjustRow(this.#adjusted, this.#head, row, slot);
    return this.#adjusted;
  }
}

export interface ScoreTarget {
  readonly planRow: number;
  readonly output: StepOutput;
}

/** Everything masked: normalising left no number. */
function isEmpty(row: Float32Array): boolean {
  return !Number.isFinite(row[argmax(row)]);
}
