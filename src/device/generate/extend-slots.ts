import type { ModelBackend } from '../backend.js';
import { needsLogits } from '../sampling/penalties.js';
import type { DeviceSlot } from './device-slot.js';
import { addPrefillHidden } from './hidden-output.js';
import { prefillRows, type PrefillRun } from './prefill-runs.js';
import { needsWholeRow, type RowSampler } from './row-sampler.js';
import type { SlotMasks } from './slot-masks.js';
import type { RoutedRow, StepOutput } from './step-output.js';

export interface ExtendParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  readonly sampler: RowSampler;
  readonly masks: SlotMasks;
}

/** A run of a slot's prompt. */
export interface SlotRun {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly run: PrefillRun;
  readonly planRow: number;
}

interface ExtendContext {
  readonly output: StepOutput;
  /** Everybody waits for masks: nobody is kept by waiting for one. */
  readonly isAlone: boolean;
}

/** A slot's part of one run of the graph. */
interface Part extends SlotRun {
  /** Index of its first row among the run's. */
  readonly firstRow: number;
  readonly samples: boolean;
  /** Rows of the run that go through the head. */
  readonly headRows: readonly number[];
  /** Rows of the request that the run adds, and those of them whose hidden states are wanted. */
  readonly newRows: readonly RoutedRow[];
  readonly hiddenRows: readonly RoutedRow[];
}

/** Extends slots by runs of their prompts, one of each, in a single run of the graph; skips whose request is gone. */
export async function extendSlots(
  parts: ExtendParts,
  runs: readonly SlotRun[],
  context: ExtendContext,
): Promise<void> {
  const { forward } = parts;
  const live = partsOf(parts, runs);
  if (live.length === 0) return;
  await forward.run({
    slots: live.map(({ slotId }) => slotId),
    counts: live.map(({ run }) => run.tokens.length),
    tokens: joinTokens(live),
    lengths: Int32Array.from(live, ({ run }) => run.position + run.tokens.length),
    headRows: live.flatMap(({ headRows }) => headRows),
    temperatures: live.flatMap(temperatures),
    wholeRows: live.flatMap(({ slot, run, headRows }) =>
      headRows.map((_, i) => i < run.scores.length || needsWholeRow(slot, forward.head)),
    ),
    wantLogits: live.some(({ samples, slot }) => samples && needsLogits(slot.params)),
    hiddenRows: live.flatMap(({ hiddenRows }) => hiddenRows.map(({ runRow }) => runRow)),
    wantExperts: context.output.routing !== null,
  });
  takeOutputs(parts, live, context);
}

function partsOf({ kv }: ExtendParts, runs: readonly SlotRun[]): Part[] {
  const live: Part[] = [];
  let firstRow = 0;
  for (const slotRun of runs) {
    const { slotId, slot, run, planRow } = slotRun;
    if (slot.cancelledFrom <= run.position) continue;
    const length = kv.lengthOf(slotId);
    if (length < run.position) {
      throw new Error(`this is a bug: slot ${slotId} has no row ${run.position - 1} to build on`);
    }
    const samples = run.sampleRow >= 0 && slot.params.maxNewTokens > 0 && !slot.isCancelled;
    const ownRows = [...run.scores.map(({ row }) => row), ...(samples ? [run.sampleRow] : [])];
    const begin = firstRow;
    const newRows = prefillRows(run, length, planRow).map((row) => {
      return { ...row, runRow: begin + row.runRow };
    });
    live.push({
      ...slotRun,
      firstRow,
      samples,
      headRows: ownRows.map((row) => begin + row),
      newRows,
      hiddenRows: newRows.filter(({ position }) => slot.wantsHidden(position)),
    });
    firstRow += run.tokens.length;
  }
  return live;
}

function joinTokens(live: readonly Part[]): Int32Array {
  const [first] = live;
  if (first !== undefined && live.length === 1) return first.run.tokens;
  const tokens = new Int32Array(live.reduce((sum, { run }) => sum + run.tokens.length, 0));
  for (const { firstRow, run } of live) tokens.set(run.tokens, firstRow);
  return tokens;
}

/** Scores of a prompt are of the model's own distribution. */
function temperatures({ slot, run, headRows }: Part): number[] {
  return headRows.map((_, i) => (i < run.scores.length ? 1 : slot.params.temperature));
}

function takeOutputs(
  { kv, forward, sampler, masks }: ExtendParts,
  live: readonly Part[],
  { output, isAlone }: ExtendContext,
): void {
  const hidden = hiddenOf(live, forward.hidden);
  let headRow = 0;
  for (const [i, part] of live.entries()) {
    const { slotId, slot, run, planRow, samples } = part;
    output.routing?.add(part.newRows, forward.experts);
    kv.setLength(slotId, run.endPosition);
    addPrefillHidden(part.hiddenRows, hidden[i] ?? new Float32Array(0), output);
    for (const score of run.scores) {
      sampler.scorePrompt(slot, score, headRow++, { planRow, output });
    }
    if (!samples) continue;
    const mask = slot.forcedToken ?? masks.take(slotId, { isAlone });
    // The prompt's last row is computed again: its logits are not kept.
    if (mask === 'late') kv.setLength(slotId, run.endPosition - 1);
    sampler.sample(slot, mask, { row: headRow++, planRow, output });
    masks.sampled(slotId);
  }
  masks.flush();
}

/** Of each part, a buffer of its own that is given away. */
function hiddenOf(
  live: readonly Part[],
  hidden: Float32Array<ArrayBuffer>,
): readonly Float32Array<ArrayBuffer>[] {
  const numRows = live.reduce((sum, { hiddenRows }) => sum + hiddenRows.length, 0);
  const width = hidden.length / Math.max(1, numRows);
  let from = 0;
  return live.map(({ hiddenRows }) => {
    if (hiddenRows.length === numRows) return hidden;
    const to = from + hiddenRows.length * width;
    const own = hidden.slice(from, to);
    from = to;
    return own;
  });
}
