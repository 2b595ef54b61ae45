import type { PreparedModel } from '../../model/graph/contract.js';
import type { KvScales } from '../../model/kv-scales.js';
import { cutPrefill } from '../generate/prefill-runs.js';
import { OrtSession, type OrtOptions } from '../ort.js';
import { CPU_PREFILL, CpuForward } from './cpu-forward.js';
import { kvShapeOf, type KvArray } from './kv-arrays.js';
import { KvSlots } from './kv-slots.js';

const LARGEST_INTEGER = 127;
/** Room for keys that are larger than the prompts', which costs nothing (docs/decisions/0015-kv-in-int8.md). */
const KEY_ROOM = 1.1;
/** In the place of a scale that would be zero, or nothing: of a model whose keys or values are. */
const UNIT = 1;

/**
 * Scales for a cache of integers, from the largest keys and values that the prompts leave in one of floats.
 *
 * @param model built with a cache of floats
 * @param prompts token ids, each of at least one and no more than the context
 */
export async function calibrateKv(
  model: PreparedModel,
  prompts: readonly Int32Array[],
  options: OrtOptions,
): Promise<KvScales> {
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const shape = kvShapeOf(model.spec);
  const slots = new KvSlots(shape, { numSlots: 1, slotLength: longest, idleRowsMax: Infinity });
  const largest = slots.arrays.map(() => new Float32Array(shape.numKvHeads * shape.headDim));
  const session = await OrtSession.create(model, options);
  try {
    const forward = new CpuForward(session, model.spec, slots);
    slots.open(0);
    for (const prompt of prompts) {
      await runPrompt(forward, prompt);
      slots.arrays.forEach((array, i) => {
        raise(largest[i] ?? new Float32Array(0), array, { slots, numRows: prompt.length });
      });
    }
  } finally {
    await session.release();
  }
  return shape.layers.map((_, layer) => ({
    key: keyScales(largest[2 * layer] ?? new Float32Array(0), shape.headDim),
    value: scaleFor(maxOf(largest[2 * layer + 1] ?? new Float32Array(0))),
  }));
}

async function runPrompt(forward: CpuForward, tokens: Int32Array): Promise<void> {
  const row = { slot: 0, position: 0, tokens, previousToken: -1, nextToken: -1, sample: false };
  for (const run of cutPrefill(row, CPU_PREFILL)) {
    await forward.run({
      slots: [0],
      numDecoding: 0,
      counts: [run.tokens.length],
      tokens: run.tokens,
      lengths: Int32Array.of(run.position + run.tokens.length),
      headRows: [],
      temperatures: [],
      wholeRows: [],
      wantLogits: false,
      hiddenRows: [],
      wantExperts: false,
    });
  }
}

/** Raises the largest absolute value of each head's dimensions to that of the first rows of the slot. */
function raise(
  largest: Float32Array,
  array: KvArray,
  { slots, numRows }: { readonly slots: KvSlots; readonly numRows: number },
): void {
  const { numKvHeads, headDim } = slots.shape;
  for (let head = 0; head < numKvHeads; head++) {
    const first = head * slots.slotRows * headDim;
    for (let at = 0; at < numRows * headDim; at++) {
      const channel = head * headDim + (at % headDim);
      const value = Math.abs(array[first + at] ?? 0);
      if (value > (largest[channel] ?? 0)) largest[channel] = value;
    }
  }
}

/** The two dimensions that a rotation mixes, half a head apart, share the larger one. */
function keyScales(largest: Float32Array, headDim: number): number[] {
  const half = headDim / 2;
  return Array.from(largest, (value, channel) => {
    const isFirst = channel % headDim < half;
    const other = largest[isFirst ? channel + half : channel - half] ?? 0;
    return scaleFor(KEY_ROOM * Math.max(value, other));
  });
}

function maxOf(values: Float32Array): number {
  return values.reduce((a, b) => Math.max(a, b), 0);
}

function scaleFor(largest: number): number {
  return largest > 0 && Number.isFinite(largest) ? largest / LARGEST_INTEGER : UNIT;
}
