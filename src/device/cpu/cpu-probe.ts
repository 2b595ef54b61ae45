import type { ModelSpec } from '../../core/model-spec.js';
import { prefillKeys } from '../../model/graph/contract.js';
import type { Forward } from '../backend.js';
import { ProbeError } from '../probe-error.js';
import type { KvSlots } from './kv-slots.js';

/** Rows of the probe's prompt and of its first part; all runs are even (graph/contract.ts). */
const PROBE_LENGTH = 8;
const PROBE_CUT = 4;
/** What no model computes. */
const UNTOUCHED = 12345.5;

/**
 * Runs a few tokens on a fresh slot and checks what everything else takes for granted: the KV of
 * the new rows is written in place, and of no row behind them but those that the graph fills (`prefillKeys`);
 * outputs land in the buffers given; a prompt in two parts gives the same bits as in one. Leaves all
 * slots closed.
 */
export async function probeCpu(forward: Forward, slots: KvSlots, spec: ModelSpec): Promise<void> {
  const length = Math.min(PROBE_LENGTH, slots.options.slotLength);
  const tokens = Int32Array.from({ length }, (_, i) => (i * 31 + 1) % spec.vocabSize);
  slots.open(0);
  try {
    const whole = await probeRuns({ forward, slots, tokens, cuts: [0, length] });
    if (length < PROBE_LENGTH) return;
    const parts = await probeRuns({ forward, slots, tokens, cuts: [0, PROBE_CUT, length] });
    if (!whole.every((value, i) => Object.is(value, parts[i]))) {
      throw new ProbeError('the runtime computes a prompt in two parts differently than in one');
    }
  } finally {
    slots.free(0);
  }
}

interface ProbeRuns {
  readonly forward: Forward;
  readonly slots: KvSlots;
  readonly tokens: Int32Array;
  /** Ends of the runs: `[cuts[i], cuts[i + 1])`. */
  readonly cuts: readonly number[];
}

/** KV of all rows and the last row's log-probabilities. */
async function probeRuns({ forward, slots, tokens, cuts }: ProbeRuns): Promise<Float32Array> {
  const watched = rowsReached(slots, tokens.length) + 1;
  for (const array of slots.arrays) firstRows(slots, array, watched).fill(UNTOUCHED);
  forward.head.topValues.fill(UNTOUCHED);
  for (const [index, end] of cuts.slice(1).entries()) {
    const part = tokens.subarray(cuts[index], end);
    await forward.run({
      slots: [0],
      tokens: part,
      lengths: Int32Array.of(end),
      headRows: [part.length - 1],
      temperatures: [1],
      wholeRows: [true],
      wantLogits: false,
      hiddenRows: [],
      wantExperts: false,
    });
  }
  checkRows(slots, tokens.length);
  if (forward.head.topValues[0] === UNTOUCHED) {
    throw new ProbeError('the runtime does not write to the output buffers it is given');
  }
  const { vocabSize } = forward.head;
  const kv = slots.arrays.flatMap((array) => [...firstRows(slots, array, tokens.length)]);
  return Float32Array.of(...kv, ...forward.head.logprobs.subarray(0, Math.min(vocabSize, 4096)));
}

/** Rows that a run up to row `length` writes. */
function rowsReached(slots: KvSlots, length: number): number {
  return Math.max(length, prefillKeys(slots.shape.headDim));
}

/** Rows `[0, numRows)` of the first head of slot 0, or all that it has. */
function firstRows(slots: KvSlots, array: Float32Array, numRows: number): Float32Array {
  const at = slots.rowOf(0) * slots.rowElements;
  return array.subarray(at, at + Math.min(numRows, slots.slotRows) * slots.shape.headDim);
}

function checkRows(slots: KvSlots, length: number): void {
  const { headDim } = slots.shape;
  const reached = rowsReached(slots, length);
  for (const array of slots.arrays) {
    const rows = firstRows(slots, array, reached + 1);
    const written = rows.subarray(0, length * headDim);
    const after = rows.subarray(reached * headDim);
    if (written.includes(UNTOUCHED)) {
      throw new ProbeError('the runtime does not write the KV cache in place');
    }
    if (!after.every((value) => value === UNTOUCHED)) {
      throw new ProbeError('the runtime writes KV rows that it was not asked to compute');
    }
  }
}
