import type { FloatType, ModelSpec } from '../../core/model-spec.js';
import { cacheName, PAGED_INPUTS } from '../../model/graph/contract.js';
import { Graph } from '../../model/graph/graph.js';
import { ProbeError } from '../probe-error.js';
import type { GpuSession, GpuPlace } from './gpu-session.js';
import { createWithCaches, rootFolder } from './page-session.js';
import { int32Tensor } from './tensors.js';
import { tensorOf } from '../ort.js';

/** A prompt that the dense kernels of prefill take, and one row by the kernel of decode. */
const PROMPT = 40;
const NUM_PAGES = 4;
/** The page that the sequence is on: not the first one. */
const PAGE = 2;
/** Of values in [-1, 1]; what is right is off by 0.001 to 0.004 in f16. */
const TOLERANCE: Readonly<Record<FloatType, number>> = { f32: 0.01, f16: 0.01, bf16: 0.05 };

/** Windows are probed at no more than this: the prompt must outgrow them. */
const WINDOW_MAX = 24;

type HeadShape = Pick<ModelSpec, 'numHeads' | 'numKvHeads' | 'headDim'> & {
  readonly kvType: FloatType;
};

interface AttentionShape extends HeadShape {
  /** Infinity = a row sees all before it. */
  readonly window: number;
}

/**
 * Attention alone, with the model's heads, against its definition in double precision. The dense prefill of some
 * drivers is silently wrong (errors of 0.05 to 0.16 where 0.001 is expected), and nothing but this shows that the caches
 * are written in place. @throws ProbeError
 */
export async function probeAttention(
  spec: HeadShape & Pick<ModelSpec, 'windows'>,
  pageSizeTokens: number,
  place: GpuPlace,
): Promise<void> {
  const windows = new Set(spec.windows.map((window) => Math.min(window, WINDOW_MAX)));
  for (const window of [Infinity, ...windows]) {
    await probeWindow({ ...spec, window }, pageSizeTokens, place);
  }
}

async function probeWindow(
  spec: AttentionShape,
  pageSizeTokens: number,
  place: GpuPlace,
): Promise<void> {
  const width = (spec.numHeads + 2 * spec.numKvHeads) * spec.headDim;
  const rows = Float32Array.from({ length: (PROMPT + 1) * width }, (_, i) => Math.sin(i * 1.7));
  const expected = attentionOf(rows, spec);
  const tolerance = TOLERANCE[spec.kvType];
  const session = await createWithCaches(
    { graph: attentionGraph(spec, width), weightsFolder: rootFolder() },
    {
      numKvHeads: spec.numKvHeads,
      headDim: spec.headDim,
      type: spec.kvType,
      numLayers: 1,
      numPages: NUM_PAGES,
      pageSizeTokens,
    },
    place,
  );
  try {
    const prompt = await runAttention(session, rows.subarray(0, PROMPT * width), [0, PROMPT]);
    requireNear(`a prompt${within(spec)}`, {
      actual: prompt,
      expected: expected.subarray(0, prompt.length),
      tolerance,
    });
    const row = await runAttention(session, rows.subarray(PROMPT * width), [PROMPT, 1]);
    requireNear(`a row behind it${within(spec)}`, {
      actual: row,
      expected: expected.subarray(prompt.length),
      tolerance,
    });
  } finally {
    await session.release();
  }
}

function attentionGraph(
  { numHeads, numKvHeads, headDim, kvType, window }: AttentionShape,
  width: number,
): Uint8Array {
  const graph = new Graph();
  const { cumulativeLengths, pastLengths, blockTable, metadata } = PAGED_INPUTS;
  graph.input({ name: 'rows', dtype: 'f32', shape: ['T', width] });
  graph.input({ name: cumulativeLengths, dtype: 'i32', shape: [2] });
  graph.input({ name: pastLengths, dtype: 'i32', shape: [1] });
  graph.input({ name: blockTable, dtype: 'i32', shape: [1, 1] });
  graph.input({ name: metadata, dtype: 'i32', shape: [2] });
  const caches = [cacheName(0, 'key'), cacheName(0, 'value')];
  const lengths = [cumulativeLengths, pastLengths, blockTable];
  const leftOut = new Array<string>(8).fill('');
  const heads = graph.node(
    'PagedAttention',
    [graph.cast('rows', kvType), '', '', ...caches, ...lengths, ...leftOut, metadata],
    {
      attributes: {
        num_heads: { int: numHeads },
        kv_num_heads: { int: numKvHeads },
        scale: { float: 1 / Math.sqrt(headDim) },
        ...(window === Infinity ? {} : { local_window_size: { int: window } }),
      },
    },
  );
  graph.cast(heads, 'f32', 'out');
  graph.output({ name: 'out', dtype: 'f32', shape: ['T', numHeads * headDim] });
  return graph.encode();
}

async function runAttention(
  session: GpuSession,
  rows: Float32Array,
  [past, count]: readonly [past: number, count: number],
): Promise<Float32Array> {
  const outputs = await session.fetch(
    {
      rows: tensorOf('float32', rows, [count, rows.length / count]),
      [PAGED_INPUTS.cumulativeLengths]: int32Tensor(Int32Array.of(0, count)),
      [PAGED_INPUTS.pastLengths]: int32Tensor(Int32Array.of(past)),
      [PAGED_INPUTS.blockTable]: int32Tensor(Int32Array.of(PAGE), [1, 1]),
      [PAGED_INPUTS.metadata]: int32Tensor(Int32Array.of(count, past + count)),
    },
    ['out'],
  );
  const data = outputs['out']?.data;
  return data instanceof Float32Array ? data : new Float32Array(0);
}

/** Causal attention by its definition: rows `[q heads | k heads | v heads]`, out `[rows, numHeads * headDim]`. */
function attentionOf(rows: Float32Array, shape: AttentionShape): Float64Array {
  const { numHeads, numKvHeads, headDim, window } = shape;
  const width = (numHeads + 2 * numKvHeads) * headDim;
  const numRows = rows.length / width;
  const out = new Float64Array(numRows * numHeads * headDim);
  for (let row = 0; row < numRows; row++) {
    const first = Math.max(0, row + 1 - window);
    for (let head = 0; head < numHeads; head++) {
      const kvHead = Math.floor((head * numKvHeads) / numHeads);
      const query = row * width + head * headDim;
      const keyAt = (numHeads + kvHead) * headDim;
      const valueAt = (numHeads + numKvHeads + kvHead) * headDim;
      const weights = softmax(
        Array.from({ length: row + 1 - first }, (_, i) => {
          const key = first + i;
          let dot = 0;
          for (let d = 0; d < headDim; d++) {
            dot += (rows[query + d] ?? 0) * (rows[key * width + keyAt + d] ?? 0);
          }
          return dot / Math.sqrt(headDim);
        }),
      );
      for (let d = 0; d < headDim; d++) {
        let sum = 0;
        for (const [i, weight] of weights.entries()) {
          sum += weight * (rows[(first + i) * width + valueAt + d] ?? 0);
        }
        out[(row * numHeads + head) * headDim + d] = sum;
      }
    }
  }
  return out;
}

function within({ window }: AttentionShape): string {
  return window === Infinity ? '' : ' within a sliding window';
}

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

interface Comparison {
  readonly actual: Float32Array;
  readonly expected: Float64Array;
  readonly tolerance: number;
}

function requireNear(what: string, { actual, expected, tolerance }: Comparison): void {
  let worst = actual.length === expected.length ? 0 : Infinity;
  for (const [i, value] of actual.entries()) {
    const error = Math.abs(value - (expected[i] ?? NaN));
    if (!(error <= worst)) worst = error;
  }
  if (worst <= tolerance) return;
  throw new ProbeError(
    `attention of ${what} is wrong on this device: off by ${worst.toPrecision(2)} where ${tolerance} is too much`,
  );
}
