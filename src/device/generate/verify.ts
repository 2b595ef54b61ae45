import type { ModelBackend } from '../backend.js';
import { needsLogits } from '../sampling/penalties.js';
import type { Turn } from '../speculation/speculator.js';
import type { DeviceSlot } from './device-slot.js';
import { needsWholeRow, type RowSampler } from './row-sampler.js';
import { groupSequences } from './run-groups.js';
import type { StepOutput } from './step-output.js';

export interface VerifyParts extends Pick<ModelBackend, 'kv' | 'forward'> {
  readonly sampler: RowSampler;
}

/** A turn of a slot whose rows are verified. */
export interface SlotTurn {
  readonly slotId: number;
  readonly slot: DeviceSlot;
  readonly turn: Turn;
  readonly planRow: number;
}

interface VerifyContext {
  readonly output: StepOutput;
  /** Called before each run: slots may be cancelled in it. */
  readonly betweenRuns: () => void;
}

/** A turn's part of one run of the graph. */
interface Part extends SlotTurn {
  /** Rows that the slot has before it. */
  readonly position: number;
  readonly tokens: Int32Array;
  /** Rows of `tokens` whose next token is chosen. */
  readonly headRows: readonly number[];
}

/**
 * Runs known tokens and drafts as prefill runs, whose rows have the same bits however a text is cut into runs and whoever
 * else is in them. Then each token is chosen as though it had come alone; a draft's row stays while the draft is what
 * was chosen there, and the first other token, or an ending, ends the turn.
 */
export async function verify(
  parts: VerifyParts,
  turns: readonly SlotTurn[],
  { output, betweenRuns }: VerifyContext,
): Promise<void> {
  const groups = groupSequences(turns, parts.forward.prefill, ({ slotId, turn }) => {
    const numTokens = turn.known.length + turn.drafts.length;
    return { slotId, numRows: numTokens + (numTokens % 2), numHeadRows: turn.drafts.length + 1 };
  });
  for (const group of groups) {
    betweenRuns();
    const live = group
      .filter(({ slotId, slot }) => slot.cancelledFrom > parts.kv.lengthOf(slotId))
      .map((turn) => partOf(parts, turn));
    if (live.length > 0) await runTurns(parts, live, output);
  }
}

function partOf({ kv }: VerifyParts, slotTurn: SlotTurn): Part {
  const { slotId, slot, turn } = slotTurn;
  const { known, drafts, samples } = turn;
  const isWanted = samples && !slot.isCancelled;
  return {
    ...slotTurn,
    position: kv.lengthOf(slotId),
    tokens: evenRun([...known, ...drafts]),
    headRows: isWanted ? rowsFrom(known.length - 1, drafts.length + 1) : [],
  };
}

async function runTurns(
  { kv, forward, sampler }: VerifyParts,
  live: readonly Part[],
  output: StepOutput,
): Promise<void> {
  const firstRows: number[] = [];
  let numRows = 0;
  for (const { tokens } of live) {
    firstRows.push(numRows);
    numRows += tokens.length;
  }
  const ofHeadRows = <T>(value: (part: Part) => T): T[] =>
    live.flatMap((part) => part.headRows.map(() => value(part)));
  await forward.run({
    slots: live.map(({ slotId }) => slotId),
    counts: live.map(({ tokens }) => tokens.length),
    tokens: Int32Array.from(live.flatMap(({ tokens }) => [...tokens])),
    lengths: Int32Array.from(live, ({ position, tokens }) => position + tokens.length),
    headRows: live.flatMap(({ headRows }, i) => headRows.map((row) => (firstRows[i] ?? 0) + row)),
    temperatures: ofHeadRows(({ slot }) => slot.params.temperature),
    wholeRows: ofHeadRows(({ slot }) => needsWholeRow(slot, forward.head)),
    wantLogits: live.some(({ slot, headRows }) => headRows.length > 0 && needsLogits(slot.params)),
    hiddenRows: [],
    wantExperts: output.routing !== null,
  });
  let headRow = 0;
  for (const [i, part] of live.entries()) {
    const { slotId, planRow, turn, position, tokens } = part;
    const numCorrect = chooseTokens(part, sampler, { firstHeadRow: headRow, output });
    headRow += part.headRows.length;
    const numKept = turn.known.length + numCorrect;
    const rows = rowsFrom(0, numKept).map((row) => {
      const runRow = (firstRows[i] ?? 0) + row;
      return { runRow, planRow, position: position + row, token: tokens[row] ?? 0 };
    });
    output.routing?.add(rows, forward.experts);
    kv.setLength(slotId, position + numKept);
    output.addTurn(planRow, { numRows: numKept, numDrafts: turn.drafts.length, numCorrect });
  }
}

/** How many drafts were right. */
function chooseTokens(
  { slot, planRow, turn, headRows }: Part,
  sampler: RowSampler,
  { firstHeadRow, output }: { readonly firstHeadRow: number; readonly output: StepOutput },
): number {
  let numCorrect = 0;
  for (const row of headRows.keys()) {
    sampler.sample(slot, slot.forcedToken, { row: firstHeadRow + row, planRow, output });
    if (slot.ended || slot.lastToken !== turn.drafts[row]) break;
    numCorrect++;
  }
  return numCorrect;
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
