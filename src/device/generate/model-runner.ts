import {
  DECODE_STRIDE,
  RESULT_STALLED,
  TURN_STRIDE,
  type StepPlan,
  type StepResult,
} from '../../core/batch.js';
import type { ModelBackend } from '../backend.js';
import { decodePart, type DecodeRow } from './decode-part.js';
import { DeviceSlot } from './device-slot.js';
import { extendPart, type SlotRun } from './extend-part.js';
import type { DraftModel, DraftWish } from '../speculation/draft-model.js';
import { cutPrefill } from './prefill-runs.js';
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
  /** Who drafts for requests that speculate; null = none, or they by themselves. */
  readonly draftModel?: DraftModel | null;
}

export interface StepHooks {
  /** Called before each run of the model: it may {@link ModelRunner.cancel} slots. */
  readonly betweenRuns: () => void;
  /** Called once, when all rows are computed and nothing is stored or freed yet. */
  readonly deliver: (result: StepResult) => void;
}

/** Executes step plans: the only place that changes slots, pages and what is known of requests. */
export class ModelRunner {
  readonly #parts: RunnerParts;
  readonly #open = new Map<number, DeviceSlot>();
  readonly #masks: SlotMasks;
  readonly #all: RunnerTools;
  /** What the stores and frees of the last step took. */
  #lastStoreUs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#masks = parts.masks ?? new SlotMasks();
    this.#all = {
      ...parts,
      masks: this.#masks,
      sampler: new RowSampler(parts.forward.head),
    };
  }

  /** Settles when the step is over. A result that was delivered stands, also where what follows it fails. */
  async execute(plan: StepPlan, { betweenRuns, deliver }: StepHooks): Promise<void> {
    const { moe } = this.#parts.forward;
    const records = plan.recordsExperts && moe !== null;
    const output = new StepOutput(plan.step, records ? new RoutingRecord(moe) : null);
    const clock = new StageClock();
    this.#openSlots(plan);
    for (const row of plan.maps) this.#parts.kv.map(row);
    for (const row of plan.loads) this.#parts.kv.load(row.slot, row.numTokens, row.pages);
    const loadUs = clock.lapUs();
    const context = { output, betweenRuns };
    const last = await this.#prefill(plan, context);
    const prefillUs = clock.lapUs();
    betweenRuns();
    const rows = this.#decodeRows(plan, output);
    rows.push(...(await this.#runTurns(plan, context)));
    await this.#decode(rows, last, output);
    const decodeUs = clock.lapUs();
    // Tokens do not wait for copies: whatever reads the pages is in a later step.
    deliver(output.result({ loadUs, prefillUs, decodeUs, lastStoreUs: this.#lastStoreUs }));
    clock.lapUs();
    this.#store(plan);
    this.#free(plan);
    this.#lastStoreUs = clock.lapUs();
  }

  /**
   * The slot's request is gone: runs of it are skipped from now on, but not those that compute rows before
   * `storedRows`, which a plan already on its way copies to pages.
   */
  cancel(slotId: number, storedRows: number): void {
    const slot = this.#open.get(slotId);
    if (slot !== undefined) slot.cancelledFrom = storedRows;
  }

  /** Between steps, when no slot is open and no page means anything: gives the memory of the KV back. */
  async releaseKv(): Promise<void> {
    if (this.#open.size > 0) throw new Error(`this is a bug: ${this.#open.size} slots are open`);
    await Promise.all([this.#parts.kv.renew(), this.#parts.draftModel?.releaseKv()]);
  }

  #openSlots(plan: StepPlan): void {
    for (const open of plan.opens) {
      this.#parts.kv.open(open.slot);
      const slot = new DeviceSlot(open);
      this.#open.set(open.slot, slot);
      this.#masks.open(open.slot, slot);
      if (slot.modelDrafter !== null) this.#parts.draftModel?.open(open.slot);
    }
  }

  /** @returns runs that go with the decode run, if there is one */
  async #prefill(plan: StepPlan, context: StepContext): Promise<readonly SlotRun[]> {
    const { prefill: rule } = this.#parts.forward;
    const runs = plan.prefill.flatMap((row, planRow) => {
      const slot = this.#slotOf(row.slot);
      return cutPrefill(row, slot.scoreFrom, rule).map((run) => {
        return { slotId: row.slot, slot, run, planRow };
      });
    });
    const groups = groupSequences(runs, rule, ({ slotId, run }) => {
      const numSampled = run.sampleRow < 0 ? 0 : 1;
      const numHeadRows = run.scores.length + numSampled;
      return { slotId, numRows: run.tokens.length, numHeadRows };
    });
    const decodes = plan.decode.length + plan.turns.length > 0;
    const last = rule.mixes && decodes ? (groups.pop() ?? []) : [];
    for (const group of groups) {
      context.betweenRuns();
      await this.#run(this.#extends(group, context.output), context.output);
    }
    return last;
  }

  #extends(runs: readonly SlotRun[], output: StepOutput): RunPart[] {
    const context = { output, isAlone: this.#allHaveGrammars };
    return runs.flatMap((run) => extendPart(this.#all, run, context) ?? []);
  }

  async #run(parts: readonly RunPart[], output: StepOutput, decodes = false): Promise<void> {
    if (parts.length === 0) return;
    const wantExperts = output.routing !== null;
    await runParts(this.#parts.forward, parts, { decodes, wantExperts });
    this.#masks.flush();
  }

  /** Nobody waits for nothing while a mask is waited for. */
  get #allHaveGrammars(): boolean {
    return this.#masks.numSlots === this.#open.size;
  }

  #decodeRows(plan: StepPlan, output: StepOutput): DecodeRow[] {
    const rows: DecodeRow[] = [];
    for (let at = 0; at < plan.decode.length; at += DECODE_STRIDE) {
      const [slotId = 0, token = -1, emit = 1] = plan.decode.subarray(at, at + DECODE_STRIDE);
      const slot = this.#slotOf(slotId);
      if (slot.ended || slot.cancelledFrom <= this.#parts.kv.lengthOf(slotId)) continue;
      const planRow = plan.prefill.length + at / DECODE_STRIDE;
      if (this.#parts.kv.lengthOf(slotId) < slot.promptLen) {
        output.addToken(planRow, 0, RESULT_STALLED);
        continue;
      }
      rows.push({ slotId, slot, token, emit: emit === 1 && !slot.isCancelled, planRow });
    }
    return rows;
  }

  /** Verifications, several at once where the graph takes them. @returns the rows of the other turns, for the decode run */
  async #runTurns(plan: StepPlan, context: StepContext): Promise<DecodeRow[]> {
    const { kv } = this.#parts;
    const { output } = context;
    await this.#makeDrafts(plan, context);
    const rows: DecodeRow[] = [];
    const verified: SlotTurn[] = [];
    const firstRow = plan.prefill.length + plan.decode.length / DECODE_STRIDE;
    for (let at = 0; at < plan.turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = plan.turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slotOf(slotId);
      if (slot.ended || slot.cancelledFrom <= kv.lengthOf(slotId)) continue;
      const planRow = firstRow + at / TURN_STRIDE;
      const turn = slot.turn(kv.lengthOf(slotId), maxRows);
      if (turn.isVerified) {
        verified.push({ slotId, slot, turn, planRow });
        continue;
      }
      const emit = turn.samples && !slot.isCancelled;
      rows.push({ slotId, slot, token: turn.known[0] ?? -1, emit, planRow });
      output.addTurn(planRow, { numRows: 1, numDrafts: 0, numCorrect: 0 });
    }
    const groups = groupSequences(verified, this.#parts.forward.prefill, sizeOfTurn);
    for (const group of groups) {
      context.betweenRuns();
      await this.#run(
        group.flatMap((turn) => verifyPart(this.#all, turn, output) ?? []),
        output,
      );
    }
    return rows;
  }

  /** Those of a draft model, for all turns at once. */
  async #makeDrafts({ turns }: StepPlan, { betweenRuns }: StepContext): Promise<void> {
    const wishes: DraftWish[] = [];
    for (let at = 0; at < turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slotOf(slotId);
      const length = this.#parts.kv.lengthOf(slotId);
      if (slot.modelDrafter === null || slot.ended || slot.cancelledFrom <= length) continue;
      const count = slot.numDraftsWanted(length, maxRows);
      wishes.push({ slotId, drafter: slot.modelDrafter, count });
    }
    await this.#parts.draftModel?.prepare(wishes, betweenRuns);
  }

  /** Decodes, and extends `last` in the same run. */
  async #decode(
    rows: readonly DecodeRow[],
    last: readonly SlotRun[],
    output: StepOutput,
  ): Promise<void> {
    const extended = this.#extends(last, output);
    if (rows.length === 0) return this.#run(extended, output);
    const decoding = decodePart(this.#all, rows, {
      output,
      isAlone: this.#allHaveGrammars,
      extended: extended.flatMap(({ slots }) => slots),
    });
    await this.#run([decoding, ...extended], output, true);
  }

  #store(plan: StepPlan): void {
    for (const row of plan.stores) {
      this.#parts.kv.store(row.slot, row.fromToken, row.pages);
    }
  }

  #free(plan: StepPlan): void {
    for (const slotId of plan.frees) {
      this.#parts.kv.free(slotId);
      this.#open.delete(slotId);
      this.#masks.close(slotId);
    }
    if (plan.frees.length === 0) return;
    this.#parts.kv.giveBackMemory();
    this.#parts.draftModel?.free(plan.frees);
  }

  #slotOf(slotId: number): DeviceSlot {
    const slot = this.#open.get(slotId);
    if (slot === undefined) throw new Error(`this is a bug: slot ${slotId} is not open`);
    return slot;
  }
}

interface StepContext extends Pick<StepHooks, 'betweenRuns'> {
  readonly output: StepOutput;
}

/** Rows of a verification are even in number, and all but a dummy may go through the head. */
function sizeOfTurn({ slotId, turn: { known, drafts } }: SlotTurn): SequenceSize {
  const numTokens = known.length + drafts.length;
  return { slotId, numRows: numTokens + (numTokens % 2), numHeadRows: drafts.length + 1 };
}
