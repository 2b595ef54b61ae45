import { needsLogits } from '../sampling/penalties.js';
import type { DeviceSlot } from './device-slot.js';
import { addPrefillHidden } from './hidden-output.js';
import { prefillRows, type PrefillRun } from './prefill-runs.js';
import { needsWholeRow } from './row-sampler.js';
import type { RunnerTools, RunPart } from './run-parts.js';
import type { StepOutput } from './step-output.js';

/** A run of a slot's prompt. */
export interface SlotRun {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly run: PrefillRun;
  readonly planRow: number;
  /** Of its step. */
  readonly output: StepOutput;
}

/**
 * Extends a slot by a run of its prompt; null where its request is gone.
 *
 * @param isAlone everybody waits for masks: nobody is kept by waiting for one
 */
export function extendPart(
  { kv, forward, sampler, masks }: RunnerTools,
  { slotId, slot, run, planRow, output }: SlotRun,
  isAlone: boolean,
): RunPart | null {
  if (slot.cancelledFrom <= run.position) return null;
  const length = kv.lengthOf(slotId);
  if (length < run.position) {
    throw new Error(`this is a bug: slot ${slotId} has no row ${run.position - 1} to build on`);
  }
  const samples = run.sampleRow >= 0 && slot.params.maxNewTokens > 0 && !slot.isCancelled;
  const { temperature } = slot.params;
  // Scores of a prompt are of the model's own distribution.
  const scored = run.scores.map(({ row }) => ({ row, temperature: 1, isWhole: true }));
  const isWhole = needsWholeRow(slot, forward.head);
  const sampled = samples ? [{ row: run.sampleRow, temperature, isWhole }] : [];
  const newRows = prefillRows(run, length, planRow);
  const hiddenRows = newRows.filter(({ position }) => slot.wantsHidden(position));
  return {
    slots: [slotId],
    adapters: [slot.adapter],
    counts: [run.tokens.length],
    lengths: [run.position + run.tokens.length],
    tokens: run.tokens,
    numDummyRows: run.position + run.tokens.length - run.endPosition,
    headRows: [...scored, ...sampled],
    wantExperts: output.routing !== null,
    wantLogits: samples && needsLogits(slot.params),
    hiddenRows: hiddenRows.map(({ runRow }) => runRow),
    take: ({ firstRow, firstHeadRow, hidden }) => {
      output.routing?.add(
        newRows.map((row) => ({ ...row, runRow: firstRow + row.runRow })),
        forward.experts,
      );
      const mask = samples ? (slot.forcedToken ?? masks.take(slotId, { isAlone })) : null;
      // The prompt's last row is computed again: its logits are not kept.
      kv.setLength(slotId, mask === 'late' ? run.endPosition - 1 : run.endPosition);
      addPrefillHidden(hiddenRows, hidden, output);
      for (const [i, score] of run.scores.entries()) {
        sampler.scorePrompt(slot, score, firstHeadRow + i, { planRow, output });
      }
      if (!samples) return;
      sampler.sample(slot, mask, { row: firstHeadRow + run.scores.length, planRow, output });
      masks.sampled(slotId);
    },
  };
}
