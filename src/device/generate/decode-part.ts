import { BASE_MODEL } from '../../core/lora.js';
import { FILLER, type KvStore } from '../backend.js';
import { needsLogits } from '../sampling/penalties.js';
import type { DeviceSlot } from './device-slot.js';
import { addDecodeHidden } from './hidden-output.js';
import { needsWholeRow } from './row-sampler.js';
import type { RunnerTools, RunPart } from './run-parts.js';
import type { StepOutput } from './step-output.js';

/** A decode row of the plan that is still worth running. */
export interface DecodeRow {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly token: number;
  readonly emit: boolean;
  readonly planRow: number;
}

interface DecodeContext {
  readonly output: StepOutput;
  /** Everybody waits for masks: nobody is kept by waiting for one. */
  readonly isAlone: boolean;
  /** Slots that the same run extends: they stand among those that decode. */
  readonly extended: readonly number[];
}

/** A row of each slot; sequences that nobody asked for run along. */
export function decodePart(
  { kv, forward, sampler, masks }: RunnerTools,
  rows: readonly DecodeRow[],
  { output, isAlone, extended }: DecodeContext,
): RunPart {
  const sequences = kv.arrange(new Set([...rows.map(({ slotId }) => slotId), ...extended]));
  const runRowOf = new Map(sequences.map((slotId, runRow) => [slotId, runRow]));
  const adapterOf = new Map(rows.map(({ slotId, slot }) => [slotId, slot.adapter]));
  const runRow = (row: DecodeRow): number => runRowOf.get(row.slotId) ?? 0;
  const tokens = new Int32Array(sequences.length);
  for (const row of rows) tokens[runRow(row)] = row.token >= 0 ? row.token : row.slot.lastToken;
  const emitting = rows.filter((row) => row.emit);
  const seen = rows.filter(({ slotId, slot }) => slot.wantsHidden(kv.lengthOf(slotId)));
  return {
    slots: sequences,
    adapters: sequences.map((slotId) => adapterOf.get(slotId) ?? BASE_MODEL),
    counts: sequences.map(() => 1),
    lengths: sequences.map((slotId) => runLength(kv, slotId)),
    tokens,
    headRows: emitting.map((row) => ({
      row: runRow(row),
      temperature: row.slot.params.temperature,
      isWhole: needsWholeRow(row.slot, forward.head),
    })),
    wantExperts: output.routing !== null,
    wantLogits: emitting.some((row) => needsLogits(row.slot.params)),
    hiddenRows: seen.map(runRow),
    take: ({ firstRow, firstHeadRow, hidden }) => {
      output.routing?.add(
        rows.map((row) => {
          const position = kv.lengthOf(row.slotId);
          const token = tokens[runRow(row)] ?? 0;
          return { runRow: firstRow + runRow(row), planRow: row.planRow, position, token };
        }),
        forward.experts,
      );
      const chosen = emitting.map(
        ({ slotId, slot }) => slot.forcedToken ?? masks.take(slotId, { isAlone }),
      );
      const late = new Set(
        emitting.filter((_, i) => chosen[i] === 'late').map(({ slotId }) => slotId),
      );
      addDecodeHidden(
        seen.map(({ slotId, planRow }) =>
          late.has(slotId) ? null : { planRow, position: kv.lengthOf(slotId) },
        ),
        hidden,
        output,
      );
      for (const { slotId } of rows) {
        if (!late.has(slotId)) kv.setLength(slotId, kv.lengthOf(slotId) + 1);
      }
      emitting.forEach(({ slotId, slot, planRow }, row) => {
        sampler.sample(slot, chosen[row] ?? null, { row: firstHeadRow + row, planRow, output });
        masks.sampled(slotId);
      });
    },
  };
}

/** Every sequence of a run, filler or not, writes the row after its own last one. */
function runLength(kv: KvStore, slotId: number): number {
  return slotId === FILLER ? 1 : kv.lengthOf(slotId) + 1;
}
