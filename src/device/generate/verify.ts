import type { ModelBackend } from '../backend.js';
import { needsLogits } from '../sampling/penalties.js';
import type { Turn } from '../speculation/speculator.js';
import type { DeviceSlot } from './device-slot.js';
import { needsWholeRow, type RowSampler } from './row-sampler.js';
import type { StepOutput } from './step-output.js';

export interface VerifyParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  readonly sampler: RowSampler;
}

export interface VerifyPlace {
  readonly slotId: number;
  readonly planRow: number;
  readonly output: StepOutput;
}

/**
 * Runs a turn's known tokens and its drafts as one prefill run, whose rows have the same bits however a text is cut
 * into runs. Then each token is chosen as though it had come alone; a draft's row stays while the draft is what was
 * chosen there, and the first other token, or an ending, ends the turn.
 */
export async function verify(
  { kv, forward, sampler }: VerifyParts,
  slot: DeviceSlot,
  { known, drafts, samples }: Turn,
  { slotId, planRow, output }: VerifyPlace,
): Promise<void> {
  const position = kv.lengthOf(slotId);
  const tokens = evenRun([...known, ...drafts]);
  const headRows =
    samples && !slot.isCancelled ? rowsFrom(known.length - 1, drafts.length + 1) : [];
  await forward.run({
    slots: [slotId],
    tokens,
    lengths: Int32Array.of(position + tokens.length),
    headRows,
    temperatures: headRows.map(() => slot.params.temperature),
    wholeRows: headRows.map(() => needsWholeRow(slot, forward.head)),
    wantLogits: headRows.length > 0 && needsLogits(slot.params),
    hiddenRows: [],
    wantExperts: output.routing !== null,
  });
  let numCorrect = 0;
  for (const row of headRows.keys()) {
    sampler.sample(slot, slot.forcedToken, { row, planRow, output });
    if (slot.ended || slot.lastToken !== drafts[row]) break;
    numCorrect++;
  }
  const numRows = known.length + numCorrect;
  const rows = rowsFrom(0, numRows).map((runRow) => {
    return { runRow, planRow, position: position + runRow, token: tokens[runRow] ?? 0 };
  });
  output.routing?.add(rows, forward.experts);
  kv.setLength(slotId, position + numRows);
  output.addTurn(planRow, { numRows, numDrafts: drafts.length, numCorrect });
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
