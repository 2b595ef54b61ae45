import {
  DECODE_STRIDE,
  RESULT_STALLED,
  TURN_STRIDE,
  type StepPlan,
  type StepResult,
} from '../../core/batch.js';
import { DeviceSlot } from './device-slot.js';
import { FILLER, type KvStore, type ModelBackend } from '../backend.js';
import { SlotMasks } from './slot-masks.js';
import { needsLogits } from '../sampling/penalties.js';
import { extendSlots } from './extend-slots.js';
import { cutPrefill, groupRuns } from './prefill-runs.js';
import { needsWholeRow, RowSampler } from './row-sampler.js';
import { addDecodeHidden } from './hidden-output.js';
import { StageClock } from './stage-clock.js';
import { RoutingRecord, StepOutput } from './step-output.js';
import { verify } from './verify.js';

export interface RunnerParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  /** Where the masks of requests with a grammar come from. */
  readonly masks?: SlotMasks;
}

export interface StepHooks {
  /** Called before each run of the model: it may {@link ModelRunner.cancel} slots. */
  readonly betweenRuns: () => void;
  /** Called once, when all rows are computed and nothing is stored or freed yet. */
  readonly deliver: (result: StepResult) => void;
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
  /** What the stores and frees of the last step took. */
  #lastStoreUs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#masks = parts.masks ?? new SlotMasks();
    this.#sampler = new RowSampler(parts.forward.head);
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
    await this.#prefill(plan, { output, betweenRuns });
    const prefillUs = clock.lapUs();
    betweenRuns();
    const rows = this.#decodeRows(plan, output);
    rows.push(...(await this.#runTurns(plan, { output, betweenRuns })));
    await this.#decode(rows, output);
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
    await this.#parts.kv.renew();
  }

  #openSlots(plan: StepPlan): void {
    for (const open of plan.opens) {
      this.#parts.kv.open(open.slot);
      const slot = new DeviceSlot(open);
      this.#open.set(open.slot, slot);
      this.#masks.open(open.slot, slot);
    }
  }

  async #prefill(plan: StepPlan, context: PrefillContext): Promise<void> {
    const { prefill: rule } = this.#parts.forward;
    const runs = plan.prefill.flatMap((row, planRow) => {
      const slot = this.#slotOf(row.slot);
      return cutPrefill(row, slot.scoreFrom, rule).map((run) => {
        return { slotId: row.slot, slot, run, planRow };
      });
    });
    const parts = { ...this.#parts, sampler: this.#sampler, masks: this.#masks };
    for (const group of groupRuns(runs, rule)) {
      context.betweenRuns();
      await extendSlots(parts, group, {
        output: context.output,
        isAlone: this.#allHaveGrammars,
      });
    }
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

  /** Verifications, one after the other. @returns the rows of the other turns, for the decode run */
  async #runTurns(plan: StepPlan, context: PrefillContext): Promise<DecodeRow[]> {
    const { kv, forward } = this.#parts;
    const { output, betweenRuns } = context;
    const rows: DecodeRow[] = [];
    const firstRow = plan.prefill.length + plan.decode.length / DECODE_STRIDE;
    for (let at = 0; at < plan.turns.length; at += TURN_STRIDE) {
      const [slotId = 0, maxRows = 1] = plan.turns.subarray(at, at + TURN_STRIDE);
      const slot = this.#slotOf(slotId);
      if (slot.ended || slot.cancelledFrom <= kv.lengthOf(slotId)) continue;
      const planRow = firstRow + at / TURN_STRIDE;
      const turn = slot.turn(kv.lengthOf(slotId), maxRows);
      if (turn.isVerified) {
        const parts = { kv, forward, sampler: this.#sampler };
        await verify(parts, slot, turn, { slotId, planRow, output });
        betweenRuns();
        continue;
      }
      const emit = turn.samples && !slot.isCancelled;
      rows.push({ slotId, slot, token: turn.known[0] ?? -1, emit, planRow });
      output.addTurn(planRow, { numRows: 1, numDrafts: 0, numCorrect: 0 });
    }
    return rows;
  }

  async #decode(rows: readonly DecodeRow[], output: StepOutput): Promise<void> {
    if (rows.length === 0) return;
    const { forward, kv } = this.#parts;
    const sequences = kv.arrange(new Set(rows.map((row) => row.slotId)));
    const lengths = Int32Array.from(sequences, (slotId) => runLength(kv, slotId));
    const runRowOf = new Map(sequences.map((slotId, runRow) => [slotId, runRow]));
    const runRow = (row: DecodeRow): number => runRowOf.get(row.slotId) ?? 0;
    const tokens = new Int32Array(sequences.length);
    for (const row of rows) tokens[runRow(row)] = row.token >= 0 ? row.token : row.slot.lastToken;
    const emitting = rows.filter((row) => row.emit);
    const seen = rows.filter(({ slotId, slot }) => slot.wantsHidden(kv.lengthOf(slotId)));
    await forward.run({
      slots: sequences,
      tokens,
      lengths,
      headRows: emitting.map(runRow),
      temperatures: emitting.map((row) => row.slot.params.temperature),
      wholeRows: emitting.map((row) => needsWholeRow(row.slot, forward.head)),
      wantLogits: emitting.some((row) => needsLogits(row.slot.params)),
      hiddenRows: seen.map(runRow),
      wantExperts: output.routing !== null,
    });
    output.routing?.add(
      rows.map((row) => {
        const position = kv.lengthOf(row.slotId);
        const token = tokens[runRow(row)] ?? 0;
        return { runRow: runRow(row), planRow: row.planRow, position, token };
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
        late.has(slotId) ? null : { planRow, position: kv.lengthOf(slotId) },
      ),
      forward.hidden,
      output,
    );
    for (const { slotId } of rows) {
      if (!late.has(slotId)) kv.setLength(slotId, kv.lengthOf(slotId) + 1);
    }
    emitting.forEach(({ slotId, slot, planRow }, row) => {
      this.#sampler.sample(slot, masks[row] ?? null, { row, planRow, output });
      this.#masks.sampled(slotId);
    });
    this.#masks.flush();
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
    if (plan.frees.length > 0) this.#parts.kv.giveBackMemory();
  }

  #slotOf(slotId: number): DeviceSlot {
    const slot = this.#open.get(slotId);
    if (slot === undefined) throw new Error(`this is a bug: slot ${slotId} is not open`);
    return slot;
  }
}

interface PrefillContext extends Pick<StepHooks, 'betweenRuns'> {
  readonly output: StepOutput;
}

/** Every sequence of a run, filler or not, writes the row after its own last one. */
function runLength(kv: KvStore, slotId: number): number {
  return slotId === FILLER ? 1 : kv.lengthOf(slotId) + 1;
}
