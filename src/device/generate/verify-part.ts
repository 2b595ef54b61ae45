import { needsLogits } from '../sampling/penalties.js';
import type { Turn } from '../speculation/turn.js';
import type { DeviceSlot } from './device-slot.js';
import { needsWholeRow } from './row-sampler.js';
import type { RunnerTools, RunPart } from './run-parts.js';
import type { StepOutput } from './step-output.js';

/** A turn of a slot whose rows are verified. */
export interface SlotTurn {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly turn: Turn;
  readonly planRow: number;
  /** Of its step. */
  readonly output: StepOutput;
}

/**
 * Known tokens and drafts as rows of a prefill run, which have the same bits however a text is cut into runs and whoever
 * else is in them. Then each token is chosen as though it had come alone; a draft's row stays while the draft is what
 * was chosen there, and the first other token, or an ending, ends the turn. Null where the request is gone.
 */
export function verifyPart(
  { kv, forward, sampler }: RunnerTools,
  { slotId, slot, turn, planRow, output }: SlotTurn,
): RunPart | null {
  const { known, drafts, samples } = turn;
  const position = kv.lengthOf(slotId);
  if (slot.cancelledFrom <= position) return null;
  const tokens = evenRun([...known, ...drafts]);
  const chosen = samples && !slot.isCancelled ? rowsFrom(known.length - 1, drafts.length + 1) : [];
  const { temperature } = slot.params;
  const isWhole = needsWholeRow(slot, forward.head);
  return {
    slots: [slotId],
    adapters: [slot.adapter],
    counts: [tokens.length],
    lengths: [position + tokens.length],
    tokens,
    headRows: chosen.map((row) => ({ row, temperature, isWhole })),
    wantExperts: output.routing !== null,
    wantLogits: chosen.length > 0 && needsLogits(slot.params),
    hiddenRows: [],
    take: ({ firstRow, firstHeadRow }) => {
      let numCorrect = 0;
      for (const row of chosen.keys()) {
        sampler.sample(slot, slot.forcedToken, { row: firstHeadRow + row, planRow, output });
        if (slot.ended || slot.lastToken !== drafts[row]) break;
        numCorrect++;
      }
      const numRows = known.length + numCorrect;
      const rows = rowsFrom(0, numRows).map((row) => {
        return {
          runRow: firstRow + row,
          planRow,
          position: position + row,
          token: tokens[row] ?? 0,
        };
      });
      output.routing?.add(rows, forward.experts);
      kv.setLength(slotId, position + numRows);
      output.addTurn(planRow, { numRows, numDrafts: drafts.length, numCorrect });
    },
  };
}

/**
 * An odd run gets a dummy row behind it. The row before it, which a prompt's run would compute again, may be one that
 * was decoded, with other bits.
 */
function evenRun(tokens: readonly number[]): Int32Array {
  const numDummies = tokens.length % 2;
  const run = new Int32Array(tokens.length + numDummies).fill(tokens.at(-1) ?? 0);
  run.set(tokens);
  return run;
}

/** `[from, from + count)` */
function rowsFrom(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
