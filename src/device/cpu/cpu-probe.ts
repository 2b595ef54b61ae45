import type { ModelSpec } from '../../core/model-spec.js';
import { prefillKeys } from '../../model/graph/contract.js';
import type { Forward } from '../backend.js';
import { ProbeError } from '../probe-error.js';
import type { KvArray, KvArrayType } from './kv-arrays.js';
import { type KvSlots, NO_LAYOUT } from './kv-slots.js';

/** Rows of the probe's prompt and of its first part; all runs are even (graph/contract.ts). */
const PROBE_LENGTH = 8;
const PROBE_CUT = 4;
/** What lies where a run is to write: for each of the two ways another. No model computes a whole row of it. */
const UNTOUCHED: Readonly<Record<KvArrayType, readonly [whole: number, parts: number]>> = {
  f32: [12345.5, -999.25],
  i8: [111, -77],
};

/**
 * Runs a few tokens on a fresh slot and checks what everything else takes for granted: the KV of the new rows of a prompt
 * and of a decode row is written in place, and of no row behind them but those that the graph fills (`prefillKeys`);
 * outputs land in the buffers given; a prompt in two parts gives the same bits as in one. Leaves all slots closed.
 */
export async function probeCpu(forward: Forward, slots: KvSlots, spec: ModelSpec): Promise<void> {
  const length = Math.min(PROBE_LENGTH, slots.options.slotLength);
  const tokens = Int32Array.from({ length }, (_, i) => (i * 31 + 1) % spec.vocabSize);
  const [untouched, other] = UNTOUCHED[slots.shape.type];
  const whole = await probeSlot({ forward, slots, tokens, cuts: [0, length], untouched });
  if (length < PROBE_LENGTH) return;
  const cuts = [0, PROBE_CUT, length];
  const parts = await probeSlot({ forward, slots, tokens, cuts, untouched: other });
  if (!whole.every((value, i) => Object.is(value, parts[i]))) {
    throw new ProbeError('the runtime computes a prompt in two parts differently than in one');
  }
}

interface ProbeRuns {
  readonly forward: Forward;
  readonly slots: KvSlots;
  readonly tokens: Int32Array;
  /** Ends of the runs: `[cuts[i], cuts[i + 1])`. */
  readonly cuts: readonly number[];
  readonly untouched: number;
}

async function probeSlot(probe: ProbeRuns): Promise<Float32Array> {
  const { slots } = probe;
  slots.open(0);
  try {
    return await probeRuns(probe);
  } finally {
    slots.free(0);
  }
}

/** KV of all rows and the last row's log-probabilities, of the prompt and of a decode row behind it. */
async function probeRuns(probe: ProbeRuns): Promise<Float32Array> {
  const { forward, slots, tokens, cuts, untouched } = probe;
  const length = tokens.length;
  const ofPrompt = rowsReached(slots, length);
  const ofDecode = Math.max(ofPrompt, length + 1);
  for (const index of slots.arrays.keys()) firstRows(slots, index, ofDecode + 1).fill(untouched);
  forward.head.topValues.fill(untouched);
  for (const [index, end] of cuts.slice(1).entries()) {
    await runRows(forward, tokens.subarray(cuts[index], end), end);
    slots.setLength(0, end);
  }
  const logprobs = lastLogprobs(forward);
  checkRows(slots, { length, reached: ofPrompt, untouched });
  if (forward.head.topValues[0] === untouched) {
    throw new ProbeError('the runtime does not write to the output buffers it is given');
  }
  if (length === slots.options.slotLength)
    return Float32Array.of(...rowsOf(slots, length), ...logprobs);
  await runRows(forward, tokens.subarray(0, 1), length + 1);
  checkRows(slots, { length: length + 1, reached: ofDecode, untouched });
  const rows = rowsOf(slots, length + 1);
  return Float32Array.of(...rows, ...logprobs, ...lastLogprobs(forward));
}

async function runRows(forward: Forward, tokens: Int32Array, end: number): Promise<void> {
  await forward.run({
    slots: [0],
    numDecoding: tokens.length === 1 ? 1 : 0,
    counts: [tokens.length],
    tokens,
    lengths: Int32Array.of(end),
    headRows: [tokens.length - 1],
    temperatures: [1],
    wholeRows: [true],
    wantLogits: false,
    hiddenRows: [],
    wantExperts: false,
  });
}

function lastLogprobs({ head }: Forward): Float32Array {
  return head.logprobs.slice(0, Math.min(head.vocabSize, 4096));
}

/** Rows that a run up to row `length` writes. */
function rowsReached(slots: KvSlots, length: number): number {
  return Math.max(length, ...slots.layouts.map(({ headDim }) => prefillKeys(headDim)));
}

/** The first rows of the first head of slot 0 in all arrays. */
function rowsOf(slots: KvSlots, numRows: number): number[] {
  return slots.arrays.flatMap((_, index) => [...firstRows(slots, index, numRows)]);
}

/** Rows `[0, numRows)` of the first head of slot 0, or all that it has. */
function firstRows(slots: KvSlots, index: number, numRows: number): KvArray {
  const { rowElements, headDim } = slots.layouts[index] ?? NO_LAYOUT;
  const at = slots.rowOf(0) * rowElements;
  const end = at + Math.min(numRows, slots.slotRows) * headDim;
  return slots.arrays[index]?.subarray(at, end) ?? new Float32Array(0);
}

interface WrittenRows {
  readonly length: number;
  /** Rows from here on must be as they were. */
  readonly reached: number;
  readonly untouched: number;
}

function checkRows(slots: KvSlots, { length, reached, untouched }: WrittenRows): void {
  const isUntouched = (value: number): boolean => value === untouched;
  for (const [index, { headDim }] of slots.layouts.entries()) {
    const rows = firstRows(slots, index, reached + 1);
    for (let row = 0; row < length; row++) {
      if (rows.subarray(row * headDim, (row + 1) * headDim).every(isUntouched)) {
        throw new ProbeError('the runtime does not write the KV cache in place');
      }
    }
    if (!rows.subarray(reached * headDim).every(isUntouched)) {
      throw new ProbeError('the runtime writes KV rows that it was not asked to compute');
    }
  }
}
