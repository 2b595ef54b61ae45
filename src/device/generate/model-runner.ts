import {
  DECODE_STRIDE,
  RESULT_STALLED,
  type PrefillRow,
  type StepPlan,
  type StepResult,
} from '../../core/batch.js';
import { DeviceSlot } from './device-slot.js';
import type { Forward } from './forward.js';
import type { KvSlots } from '../kv/kv-slots.js';
import type { PagePool } from '../kv/page-pool.js';
import { SlotMasks } from './slot-masks.js';
import { needsLogits } from '../sampling/penalties.js';
import { cutPrefill, prefillRows, type PrefillRun } from './prefill-runs.js';
import { RowSampler } from './row-sampler.js';
import { addDecodeHidden, addPrefillHidden } from './hidden-output.js';
import { StageClock } from './stage-clock.js';
import { RoutingRecord, StepOutput } from './step-output.js';

export interface RunnerParts {
  readonly forward: Forward;
  readonly slots: KvSlots;
  readonly pages: PagePool;
  /** Where the masks of requests with a grammar come from. */
  readonly masks?: SlotMasks;
}

/** A decode row of the plan that is still worth running. */
interface DecodeRow {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly token: number;
  readonly emit: boolean;
  readonly planRow: number;
}

/** Executes step plans: the only place that changes slots, pages and what is known of requests. */
export class ModelRunner {
  readonly #parts: RunnerParts;
  readonly #open = new Map<number, DeviceSlot>();
  readonly #sampler: RowSampler;
  readonly #masks: SlotMasks;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#masks = parts.masks ?? new SlotMasks();
    this.#sampler = new RowSampler(parts.forward.head);
  }

  /** `betweenRuns` is called before each run of the model: it may {@link cancel} slots. */
  async execute(plan: StepPlan, betweenRuns: () => void): Promise<StepResult> {
    const { moe } = this.#parts.forward;
    const records = plan.recordsExperts && moe !== null;
    const output = new StepOutput(plan.step, records ? new RoutingRecord(moe) : null);
    const clock = new StageClock();
    this.#openSlots(plan);
    this.#load(plan);
    const loadUs = clock.lapUs();
    for (const [planRow, row] of plan.prefill.entries()) {
      await this.#prefill(row, { planRow, output, betweenRuns });
    }
    const prefillUs = clock.lapUs();
    betweenRuns();
    await this.#decode(this.#decodeRows(plan, output), output);
    const decodeUs = clock.lapUs();
    this.#store(plan);
    this.#free(plan);
    return output.result({ loadUs, prefillUs, decodeUs, storeUs: clock.lapUs() });
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
    await Promise.all([this.#parts.slots.renew(), this.#parts.pages.renew()]);
  }

  #openSlots(plan: StepPlan): void {
    for (const open of plan.opens) {
      this.#parts.slots.open(open.slot);
      const slot = new DeviceSlot(open);
      this.#open.set(open.slot, slot);
      this.#masks.open(open.slot, slot);
    }
  }

  #load(plan: StepPlan): void {
    const { slots, pages } = this.#parts;
    for (const row of plan.loads) {
      pages.load(slots, row.slot, row.pages);
      slots.setLength(row.slot, row.numTokens);
    }
  }

  async #prefill(row: PrefillRow, context: PrefillContext): Promise<void> {
    const slot = this.#slotOf(row.slot);
    for (const run of cutPrefill(row, slot.scoreFrom)) {
      context.betweenRuns();
      if (slot.cancelledFrom <= run.position) return;
      await this.#prefillRun(row.slot, run, context);
    }
  }

  async #prefillRun(slotId: number, run: PrefillRun, context: PrefillContext): Promise<void> {
    const { forward, slots } = this.#parts;
    const slot = this.#slotOf(slotId);
    if (slots.lengthOf(slotId) < run.position) {
      throw new Error(`this is a bug: slot ${slotId} has no row ${run.position - 1} to build on`);
    }
    const samples = run.sampleRow >= 0 && slot.params.maxNewTokens > 0 && !slot.isCancelled;
    const headRows = run.scores.map((score) => score.row);
    const temperatures = headRows.map(() => 1);
    if (samples) {
      headRows.push(run.sampleRow);
      temperatures.push(slot.params.temperature);
    }
    const hiddenRows = prefillRows(run, slots.lengthOf(slotId), context.planRow).filter(
      ({ position }) => slot.wantsHidden(position),
    );
    await forward.run({
      window: { start: slots.rowOf(slotId), count: 1 },
      tokens: run.tokens,
      lengths: Int32Array.of(run.position + run.tokens.length),
      headRows,
      temperatures,
      wantLogits: samples && needsLogits(slot.params),
      hiddenRows: hiddenRows.map(({ runRow }) => runRow),
      wantExperts: context.output.routing !== null,
    });
    context.output.routing?.add(
      prefillRows(run, slots.lengthOf(slotId), context.planRow),
      forward.experts,
    );
    slots.setLength(slotId, run.endPosition);
    addPrefillHidden(hiddenRows, forward.hidden, context.output);
    run.scores.forEach((score, row) => {
      this.#sampler.scorePrompt(slot, score, row, context);
    });
    if (!samples) return;
    const place = { row: headRows.length - 1, planRow: context.planRow, output: context.output };
    const mask = slot.forcedToken ?? this.#masks.take(slotId, { isAlone: this.#allHaveGrammars });
    // The prompt's last row is computed again: its logits are not kept.
    if (mask === 'late') slots.setLength(slotId, run.endPosition - 1);
    this.#sampler.sample(slot, mask, place);
    this.#masks.sampled(slotId);
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
      if (slot.ended || slot.cancelledFrom <= this.#parts.slots.lengthOf(slotId)) continue;
      const planRow = plan.prefill.length + at / DECODE_STRIDE;
      if (this.#parts.slots.lengthOf(slotId) < slot.promptLen) {
        output.addToken(planRow, 0, RESULT_STALLED);
        continue;
      }
      rows.push({ slotId, slot, token, emit: emit === 1 && !slot.isCancelled, planRow });
    }
    return rows;
  }

  async #decode(rows: readonly DecodeRow[], output: StepOutput): Promise<void> {
    if (rows.length === 0) return;
    const { forward, slots } = this.#parts;
    const window = slots.arrange(new Set(rows.map((row) => row.slotId)));
    const tokens = new Int32Array(window.count);
    const lengths = Int32Array.from(tokens, (_, i) => fillerLength(slots, window.start + i));
    for (const row of rows) {
      tokens[slots.rowOf(row.slotId) - window.start] =
        row.token >= 0 ? row.token : row.slot.lastToken;
    }
    const emitting = rows.filter((row) => row.emit);
    const seen = rows.filter(({ slotId, slot }) => slot.wantsHidden(slots.lengthOf(slotId)));
    await forward.run({
      window,
      tokens,
      lengths,
      headRows: emitting.map((row) => slots.rowOf(row.slotId) - window.start),
      temperatures: emitting.map((row) => row.slot.params.temperature),
      wantLogits: emitting.some((row) => needsLogits(row.slot.params)),
      hiddenRows: seen.map((row) => slots.rowOf(row.slotId) - window.start),
      wantExperts: output.routing !== null,
    });
    output.routing?.add(
      rows.map(({ slotId, planRow }) => {
        const runRow = slots.rowOf(slotId) - window.start;
        const position = slots.lengthOf(slotId);
        return { runRow, planRow, position, token: tokens[runRow] ?? 0 };
      }),
      forward.experts,
    );
    const isAlone = this.#allHaveGrammars;
    const masks = emitting.map(
      ({ slotId, slot }) => slot.forcedToken ?? this.#masks.take(slotId, { isAlone }),
    );
    const late = new Set(
      emitting.filter((_, i) => masks[i] === 'late').map(({ slotId }) => slotId),
    );
    addDecodeHidden(
      seen.map(({ slotId, planRow }) =>
        late.has(slotId) ? null : { planRow, position: slots.lengthOf(slotId) },
      ),
      forward.hidden,
      output,
    );
    for (const { slotId } of rows) {
      if (!late.has(slotId)) slots.setLength(slotId, slots.lengthOf(slotId) + 1);
    }
    emitting.forEach(({ slotId, slot, planRow }, row) => {
      this.#sampler.sample(slot, masks[row] ?? null, { row, planRow, output });
      this.#masks.sampled(slotId);
    });
    this.#masks.flush();
  }

  #store(plan: StepPlan): void {
    for (const row of plan.stores) {
      this.#parts.pages.store(this.#parts.slots, row.slot, row.fromToken, row.pages);
    }
  }

  #free(plan: StepPlan): void {
    for (const slotId of plan.frees) {
      this.#parts.slots.free(slotId);
      this.#open.delete(slotId);
      this.#masks.close(slotId);
    }
    if (plan.frees.length > 0) this.#parts.slots.giveBackMemory();
  }

  #slotOf(slotId: number): DeviceSlot {
    const slot = this.#open.get(slotId);
    if (slot === undefined) throw new Error(`this is a bug: slot ${slotId} is not open`);
    return slot;
  }
}

interface PrefillContext {
  readonly planRow: number;
  readonly output: StepOutput;
  readonly betweenRuns: () => void;
}

/** Every row of a window, filler or not, writes the row after its own last one. */
function fillerLength(slots: KvSlots, physicalRow: number): number {
  const slotId = slots.slotAt(physicalRow);
  return slotId < 0 ? 1 : slots.lengthOf(slotId) + 1;
}
