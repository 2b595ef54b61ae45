import {
  DECODE_STRIDE,
  RESULT_STALLED,
  TURN_STRIDE,
  type StepPlan,
  type StepResult,
  type StepTiming,
} from '../../core/batch.js';
import { BASE_MODEL } from '../../core/lora.js';
import type { ModelBackend } from '../backend.js';
import { decodePart, type DecodeRow } from './decode-part.js';
import type { DraftModel } from '../speculation/draft-model.js';
import { extendPart, type SlotRun } from './extend-part.js';
import type { Extension, StepRows } from './extension.js';
import { cutPrefill } from './prefill-runs.js';
import { OpenSlots } from './open-slots.js';
import { RowSampler } from './row-sampler.js';
import { groupSequences, type SequenceSize } from './run-groups.js';
import { runParts, type RunnerTools, type RunPart } from './run-parts.js';
import { SlotMasks } from './slot-masks.js';
import { SlotTurns } from './slot-turns.js';
import { StageClock } from './stage-clock.js';
import { RoutingRecord } from '../routing-record.js';
import { StepOutput } from './step-output.js';

export interface RunnerParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  /** Where the masks of requests with a grammar come from. */
  readonly masks?: SlotMasks;
  /** Who drafts for requests that speculate; null = none, or they by themselves. */
  readonly draftModel?: DraftModel | null;
}

export interface StepHooks {
  /** Called before each run of the model: it may {@link ModelRunner.cancel} slots. */
  readonly betweenRuns: () => void;
  /** Called once for each step, in their order, when all rows are computed and nothing is stored or freed behind them. */
  readonly deliver: (result: StepResult) => void;
}

interface ExtendContext extends Pick<StepHooks, 'betweenRuns'> {
  readonly decoding: readonly number[];
}

/** Executes step plans: the only place that changes slots, pages and what is known of requests. */
export class ModelRunner {
  readonly #parts: RunnerParts;
  readonly #slots: OpenSlots;
  readonly #masks: SlotMasks;
  readonly #tools: RunnerTools;
  readonly #turns: SlotTurns;
  /** What the stores and frees of the last step took. */
  #lastStoreUs = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#masks = parts.masks ?? new SlotMasks();
    this.#slots = new OpenSlots({ ...parts, masks: this.#masks });
    this.#tools = {
      ...parts,
      masks: this.#masks,
      sampler: new RowSampler(parts.forward.head),
    };
    this.#turns = new SlotTurns(this.#tools, this.#slots, parts.draftModel ?? null);
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
    // What joins it begins requests, and has no rows that decode.
    const prompts = steps.flatMap((step) => this.#promptRuns(step));
    const decoding = decodingSlots(first.plan);
    const lastPrompts = this.#groups(prompts).at(-1) ?? [];
    const beside = this.#mayMix(lastPrompts, decoding) ? lastPrompts : [];
    const turns = await this.#turns.of(
      first,
      beside.map(({ size }) => size),
      betweenRuns,
    );
    const last = await this.#extend([...prompts, ...turns.verified], { decoding, betweenRuns });
    const prefillUs = clock.lapUs();
    betweenRuns();
    const { rows, following } = this.#turns.decodingRows(turns.decoding);
    await this.#decode([...this.#decodeRows(first), ...rows], {
      following,
      last,
      output: first.output,
    });
    const decodeUs = clock.lapUs();
    // Tokens do not wait for copies: whatever reads the pages is in a later step.
    const { startMs } = clock;
    const lastStoreUs = this.#lastStoreUs;
    let timing: StepTiming = { startMs, loadUs, prefillUs, decodeUs, lastStoreUs };
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
    await Promise.all([this.#parts.kv.renew(), this.#parts.draftModel?.releaseKv()]);
  }

  #promptRuns({ plan, output }: StepRows): Extension[] {
    return plan.prefill.flatMap((row, planRow) => {
      const slot = this.#slots.at(row.slot);
      const { prefill: rule } = this.#parts.forward;
      const mayStall = slot.grammar !== null;
      const ends = plan.saves
        .filter((save) => save.slot === row.slot)
        .map((save) => save.numTokens);
      const { scoreFrom } = slot;
      return cutPrefill(row, rule, { scoreFrom, mayStall, ends }).map((run) => {
        const slotRun = { slotId: row.slot, slot, run, planRow, output };
        return {
          size: sizeOfRun(slotRun),
          part: () => extendPart(this.#tools, slotRun, this.#allHaveGrammars),
        };
      });
    });
  }

  /**
   * Several sequences at once where the graph takes them.
   *
   * @param decoding slots that are to decode: where a run takes both, the last sequences are left for them
   * @returns those that were left
   */
  async #extend(
    extensions: readonly Extension[],
    { decoding, betweenRuns }: ExtendContext,
  ): Promise<readonly Extension[]> {
    const groups = this.#groups(extensions);
    const last = this.#mayMix(groups.at(-1) ?? [], decoding) ? (groups.pop() ?? []) : [];
    for (const group of groups) {
      betweenRuns();
      await this.#run(partsOf(group));
    }
    return last;
  }

  #groups(extensions: readonly Extension[]): Extension[][] {
    return groupSequences(extensions, this.#parts.forward.prefill, ({ size }) => size);
  }

  /** Rows that decode and rows that extend have adapters by other kernels: a run has them on one kind. */
  #mayMix(group: readonly Extension[], decoding: readonly number[]): boolean {
    if (decoding.length === 0 || !this.#parts.forward.prefill.mixes) return false;
    const haveAdapter = (slots: readonly number[]): boolean =>
      slots.some((slot) => (this.#slots.find(slot)?.adapter ?? BASE_MODEL) !== BASE_MODEL);
    return !haveAdapter(decoding) || !haveAdapter(group.map(({ size }) => size.slotId));
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

  #decodeRows({ plan, output }: StepRows): DecodeRow[] {
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

  /** Decodes, and extends `last` in the same run. */
  async #decode(rows: readonly DecodeRow[], { following, last, output }: DecodeRun): Promise<void> {
    const extended = partsOf(last);
    if (rows.length === 0) return this.#run(extended);
    const decoding = decodePart(this.#tools, rows, {
      output,
      isAlone: this.#allHaveGrammars,
      extended: extended.flatMap(({ slots }) => slots),
    });
    await this.#run([decoding, ...following, ...extended], true);
  }

  #outputOf({ step, recordsExperts }: StepPlan): StepOutput {
    const { moe } = this.#parts.forward;
    return new StepOutput(step, recordsExperts && moe !== null ? new RoutingRecord(moe) : null);
  }
}

/** What is in a run beside the rows that decode. */
interface DecodeRun {
  /** More rows of sequences that decode. */
  readonly following: readonly RunPart[];
  readonly last: readonly Extension[];
  readonly output: StepOutput;
}

/** Of a step that ran with another one, which has the time of both. */
const NO_TIME: StepTiming = {
  startMs: 0,
  loadUs: 0,
  prefillUs: 0,
  decodeUs: 0,
  lastStoreUs: 0,
};

function decodingSlots({ decode, turns }: StepPlan): number[] {
  return [
    ...decode.filter((_, i) => i % DECODE_STRIDE === 0),
    ...turns.filter((_, i) => i % TURN_STRIDE === 0),
  ];
}

function partsOf(extensions: readonly Extension[]): RunPart[] {
  return extensions.flatMap((extension) => extension.part() ?? []);
}

function sizeOfRun({ slotId, run: { tokens, scores, sampleRow } }: SlotRun): SequenceSize {
  return { slotId, numRows: tokens.length, numHeadRows: scores.length + (sampleRow < 0 ? 0 : 1) };
}
