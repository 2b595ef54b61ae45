import {
  DECODE_STRIDE,
  RESULT_STALLED,
  TURN_STRIDE,
  type StepPlan,
  type StepResult,
  type StepTiming,
} from '../../core/batch.js';
import type { ModelBackend } from '../backend.js';
import { decodePart, type DecodeRow } from './decode-part.js';
import { extendPart, type SlotRun } from './extend-part.js';
import { cutPrefill } from './prefill-runs.js';
import { OpenSlots } from './open-slots.js';
import { RowSampler } from './row-sampler.js';
import { groupSequences, type SequenceSize } from './run-groups.js';
import { runParts, type RunnerTools, type RunPart } from './run-parts.js';
import { SlotMasks } from './slot-masks.js';
import { StageClock } from './stage-clock.js';
import { RoutingRecord, StepOutput } from './step-output.js';
import { verifyPart, type SlotTurn } from './verify-part.js';

export interface RunnerParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  /** Where the masks of requests with a grammar come from. */
  readonly masks?: SlotMasks;
}

export interface StepHooks {
  /** Called before each run of the model: it may {@link ModelRunner.cancel} slots. */
  readonly betweenRuns: () => void;
  /** Called once for each step, in their order, when all rows are computed and nothing is stored or freed behind them. */
  readonly deliver: (result: StepResult) => void;
}

/** Executes step plans: the only place that changes slots, pages and what is known of requests. */
export class ModelRunner {
  readonly #parts: RunnerParts;
  readonly #slots: OpenSlots;
  readonly #masks: SlotMasks;
  readonly #tools: RunnerTools;
  /** What the stores and frees of the last step took. */
  #lastStoreUs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#masks = parts.masks ?? new SlotMasks();
    this.#slots = new OpenSlots(parts.kv, this.#masks);
    this.#tools = {
      ...parts,
      masks: this.#masks,
      sampler: new RowSampler(parts.forward.head),
    };
  }

  /** Steps that wait may run together with the ones before them ({@link mayJoin}). */
  get joinsSteps(): boolean {
    return this.#parts.forward.prefill.mixes;
  }

  /**
   * Executes a step, and with it in the same runs those behind it that {@link mayJoin} it. Settles when all are over. A
   * result that was delivered stands, also where what follows it fails.
   */
  async execute(plans: readonly StepPlan[], { betweenRuns, deliver }: StepHooks): Promise<void> {
    const clock = new StageClock();
    this.#slots.begin(plans);
    const [first, ...joining] = plans.map((plan) => ({ plan, output: this.#outputOf(plan) }));
    if (first === undefined) return;
    const steps = [first, ...joining];
    const loadUs = clock.lapUs();
    const last = await this.#prefill(steps, betweenRuns);
    const prefillUs = clock.lapUs();
    betweenRuns();
    // What joins it begins requests, and has no rows that decode.
    const rows = this.#decodeRows(first);
    rows.push(...(await this.#runTurns(first, betweenRuns)));
    await this.#decode(rows, last, first.output);
    const decodeUs = clock.lapUs();
    // Tokens do not wait for copies: whatever reads the pages is in a later step.
    let timing: StepTiming = { loadUs, prefillUs, decodeUs, lastStoreUs: this.#lastStoreUs };
    for (const { output } of steps) {
      deliver(output.result(timing));
      timing = NO_TIME;
    }
    clock.lapUs();
    this.#slots.end(plans);
    this.#lastStoreUs = clock.lapUs();
  }

  /**
   * The slot's request is gone: runs of it are skipped from now on, but not those that compute rows before
   * `storedRows`, which a plan already on its way copies to pages.
   */
  cancel(slotId: number, storedRows: number): void {
    const slot = this.#slots.find(slotId);
    if (slot !== undefined) slot.cancelledFrom = storedRows;
  }

  /** Between steps, when no slot is open and no page means anything: gives the memory of the KV back. */
  async releaseKv(): Promise<void> {
    if (this.#slots.size > 0) throw new Error(`this is a bug: ${this.#slots.size} slots are open`);
    await this.#parts.kv.renew();
  }

  /** @returns runs that go with the decode run, if there is one */
  async #prefill(steps: readonly Step[], betweenRuns: () => void): Promise<readonly SlotRun[]> {
    const { prefill: rule } = this.#parts.forward;
    const runs = steps.flatMap(({ plan, output }) => {
      return plan.prefill.flatMap((row, planRow) => {
        const slot = this.#slots.at(row.slot);
        return cutPrefill(row, slot.scoreFrom, rule).map((run) => {
          return { slotId: row.slot, slot, run, planRow, output };
        });
      });
    });
    const groups = groupSequences(runs, rule, ({ slotId, run }) => {
      const numSampled = run.sampleRow < 0 ? 0 : 1;
      const numHeadRows = run.scores.length + numSampled;
      return { slotId, numRows: run.tokens.length, numHeadRows };
    });
    const decodes = steps.some(({ plan }) => plan.decode.length + plan.turns.length > 0);
    const last = rule.mixes && decodes ? (groups.pop() ?? []) : [];
    for (const group of groups) {
      betweenRuns();
      await this.#run(this.#extends(group));
    }
    return last;
  }

  #extends(runs: readonly SlotRun[]): RunPart[] {
    const isAlone = this.#allHaveGrammars;
    return runs.flatMap((run) => extendPart(this.#tools, run, isAlone) ?? []);
  }

  async #run(parts: readonly RunPart[], decodes = false): Promise<void> {
    if (parts.length === 0) return;
    await runParts(this.#parts.forward, parts, { decodes });
    this.#masks.flush();
  }

  /** Nobody waits for nothing while a mask is waited for. */
  get #allHaveGrammars(): boolean {
    return this.#masks.numSlots === this.#slots.size;
  }

  #decodeRows({ plan, output }: Step): DecodeRow[] {
    const { kv } = this.#parts;
    const rows: DecodeRow[] = [];
    for (let at = 0; at < plan.decode.length; at += DECODE_STRIDE) {
      const [slotId = 0, token = -1, emit = 1] = plan.decode.subarray(at, at + DECODE_STRIDE);
      const slot = this.#slots.at(slotId);
      if (slot.ended || slot.cancelledFrom <= kv.lengthOf(slotId)) continue;
      const planRow = plan.prefill.length + at / DECODE_STRIDE;
      if (kv.lengthOf(slotId) < slot.promptLen) {
        output.addToken(planRow, 0, RESULT_STALLED);
        continue;
      }
      rows.push({ slotId, slot, token, emit: emit === 1 && !slot.isCancelled, planRow });
    }
    return rows;
  }

  /** Verifications, several at once where the graph takes them. @returns the rows of the other turns, for the decode run */
  async #runTurns({ plan, output }: Step, betweenRuns: () => void): Promise<DecodeRow[]> {
    const { kv, forward } = this.#parts;
    const rows: DecodeRow[] = [];
    const verified: SlotTurn[] = [];
    const firstRow = plan.prefill.length + plan.decode.length / DECODE_STRIDE;
    for (let at = 0; at < plan.turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = plan.turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slots.at(slotId);
      if (slot.ended || slot.cancelledFrom <= kv.lengthOf(slotId)) continue;
      const planRow = firstRow + at / TURN_STRIDE;
      const turn = slot.turn(kv.lengthOf(slotId), maxRows);
      if (turn.isVerified) {
        verified.push({ slotId, slot, turn, planRow, output });
        continue;
      }
      const emit = turn.samples && !slot.isCancelled;
      rows.push({ slotId, slot, token: turn.known[0] ?? -1, emit, planRow });
      output.addTurn(planRow, { numRows: 1, numDrafts: 0, numCorrect: 0 });
    }
    for (const group of groupSequences(verified, forward.prefill, sizeOfTurn)) {
      betweenRuns();
      await this.#run(group.flatMap((turn) => verifyPart(this.#tools, turn) ?? []));
    }
    return rows;
  }

  /** Decodes, and extends `last` in the same run. */
  async #decode(
    rows: readonly DecodeRow[],
    last: readonly SlotRun[],
    output: StepOutput,
  ): Promise<void> {
    const extended = this.#extends(last);
    if (rows.length === 0) return this.#run(extended);
    const decoding = decodePart(this.#tools, rows, {
      output,
      isAlone: this.#allHaveGrammars,
      extended: extended.flatMap(({ slots }) => slots),
    });
    await this.#run([decoding, ...extended], true);
  }

  #outputOf({ step, recordsExperts }: StepPlan): StepOutput {
    const { moe } = this.#parts.forward;
    return new StepOutput(step, recordsExperts && moe !== null ? new RoutingRecord(moe) : null);
  }
}

interface Step {
  readonly plan: StepPlan;
  readonly output: StepOutput;
}

/** Of a step that ran with another one, which has the time of both. */
const NO_TIME: StepTiming = { loadUs: 0, prefillUs: 0, decodeUs: 0, lastStoreUs: 0 };

/** Rows of a verification are even in number, and all but a dummy may go through the head. */
function sizeOfTurn({ slotId, turn: { known, drafts } }: SlotTurn): SequenceSize {
  const numTokens = known.length + drafts.length;
  return { slotId, numRows: numTokens + (numTokens % 2), numHeadRows: drafts.length + 1 };
}
