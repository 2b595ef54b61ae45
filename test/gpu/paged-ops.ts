/**
 * The attention op that a GPU's KV cache rests on, by itself: `paged-ops.js DEVICE [PAGE]`. Prints JSON. Caches are
 * initializers that the op must update in place; a prefill of 40 rows, one that crosses pages, and decode rows are
 * compared with attention computed here, and a row's bits alone with its bits beside another.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { CONTRIB_DOMAIN, encodeModel, type OnnxValue } from '../../src/model/graph/onnx.js';
import { decodeFloats, encodeF16 } from '../../src/model/weights/floats.js';

const HEADS = 4;
const KV_HEADS = 2;
const HEAD_DIM = 64;
/** Rows of the two prefills, and one decode row behind each. */
const SHORT = 40;
const LONG = 300;
/** f16 sums of a few hundred products. */
const TOLERANCE = 5e-3;

const [device = 'webgpu', pageText = '256'] = process.argv.slice(2);
const page = Number(pageText);
const pagesFor = (rows: number) => Math.ceil((rows + 1) / page);
const numPages = 2 * pagesFor(LONG) + 2;

/** One sequence: its pages, and the rows that are in the cache. */
interface Sequence {
  readonly pages: readonly number[];
  readonly keys: Float32Array[];
  readonly values: Float32Array[];
}

/** Rows that a run adds to a sequence. */
interface Part {
  readonly sequence: Sequence;
  readonly queries: readonly Float32Array[];
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
}

let state = 1;
const session = await InferenceSession.create(model(), {
  executionProviders: [device],
  extra: { session: { disable_cpu_ep_fallback: '1' } },
});
const short: Sequence = { pages: apart(0, pagesFor(SHORT)), keys: [], values: [] };
const long: Sequence = { pages: apart(1, pagesFor(LONG)).reverse(), keys: [], values: [] };

const shortError = await errorOf([rowsFor(short, SHORT)]);
const longError = await errorOf([rowsFor(long, LONG)]);
const step = [rowsFor(short, 1), rowsFor(long, 1)];
const together = await run(step);
const decodeError = worst(together, step);
// The same rows go to the same places once more: only what they stand beside differs.
const again = await run(step);
const alone = await run(step.slice(0, 1));
await session.release();

const found = {
  device,
  page,
  shortError,
  longError,
  decodeError,
  repeats: sameBits(together, again, HEADS * HEAD_DIM * 2),
  aloneAsTogether: sameBits(alone, together, HEADS * HEAD_DIM),
};
const passed = [shortError, longError, decodeError].every((error) => error < TOLERANCE);
const errors = [shortError, longError, decodeError]
  .map((error) => error.toExponential(1))
  .join(', ');
const text = `errors of prefill, across pages, decode: ${errors}; repeats ${found.repeats}, alone = together ${found.aloneAsTogether}`;
process.stdout.write(`${JSON.stringify({ passed, text, ...found })}\n`);

function model(): Uint8Array {
  const cache = [numPages, page, KV_HEADS, HEAD_DIM];
  const raw = new Uint8Array(numPages * page * KV_HEADS * HEAD_DIM * 2);
  const int32 = (name: string, ...shape: (number | string)[]): OnnxValue => ({
    name,
    dtype: 'i32',
    shape,
  });
  const rows = (name: string, heads: number): OnnxValue => ({
    name,
    dtype: 'f16',
    shape: ['T', heads * HEAD_DIM],
  });
  const absent = Array.from({ length: 8 }, () => '');
  return encodeModel({
    nodes: [
      {
        op: 'PagedAttention',
        domain: CONTRIB_DOMAIN,
        inputs: ['q', 'k', 'v', 'kCache', 'vCache', 'ends', 'past', 'table', ...absent, 'bounds'],
        outputs: ['out'],
        attributes: { num_heads: { int: HEADS }, kv_num_heads: { int: KV_HEADS } },
      },
    ],
    initializers: [
      { name: 'kCache', dtype: 'f16', shape: cache, raw },
      { name: 'vCache', dtype: 'f16', shape: cache, raw },
    ],
    inputs: [
      rows('q', HEADS),
      rows('k', KV_HEADS),
      rows('v', KV_HEADS),
      int32('ends', 'E'),
      int32('past', 'B'),
      int32('table', 'B', 'P'),
      int32('bounds', 3),
    ],
    outputs: [rows('out', HEADS)],
  });
}

/** Every other page, so that neither sequence lies in one piece. */
function apart(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + 2 * index);
}

function rowsFor(sequence: Sequence, count: number): Part {
  const some = (heads: number) => Array.from({ length: count }, () => randomRow(heads * HEAD_DIM));
  return { sequence, queries: some(HEADS), keys: some(KV_HEADS), values: some(KV_HEADS) };
}

/** Numbers of [-1, 1) that f16 has. */
function randomRow(length: number): Float32Array {
  const floats = Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return halvesAsFloats(encodeF16(floats));
}

async function errorOf(parts: readonly Part[]): Promise<number> {
  return worst(await run(parts), parts);
}

/** The op's output, `[T, HEADS * HEAD_DIM]` as f16 bits. The rows count as cached from then on, once. */
async function run(parts: readonly Part[]): Promise<Uint16Array> {
  for (const { sequence, keys, values } of parts) {
    if (sequence.keys.includes(keys[0] as Float32Array)) continue;
    sequence.keys.push(...keys);
    sequence.values.push(...values);
  }
  const lengths = parts.map(({ queries }) => queries.length);
  const totals = parts.map(({ sequence }) => sequence.keys.length);
  const past = totals.map((total, index) => total - (lengths[index] as number));
  const width = Math.max(...parts.map(({ sequence }) => sequence.pages.length));
  const table = parts.flatMap(({ sequence: { pages } }) =>
    Array.from({ length: width }, (_, index) => pages[index] ?? 0),
  );
  const outputs = await session.run({
    q: halves(parts.flatMap(({ queries }) => queries)),
    k: halves(parts.flatMap(({ keys }) => keys)),
    v: halves(parts.flatMap(({ values }) => values)),
    ends: ints(lengths.reduce((ends, length) => [...ends, (ends.at(-1) as number) + length], [0])),
    past: ints(past),
    table: ints(table, [parts.length, width]),
    bounds: ints([Math.max(...lengths), Math.max(...totals), 0]),
  });
  const { buffer, byteOffset, byteLength } = (outputs['out'] as Tensor).data as Uint16Array;
  return new Uint16Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function halves(rows: readonly Float32Array[]): Tensor {
  const width = rows[0]?.length ?? 0;
  const floats = new Float32Array(rows.length * width);
  rows.forEach((row, index) => {
    floats.set(row, index * width);
  });
  return new Tensor('float16', encodeF16(floats), [rows.length, width]);
}

function ints(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return new Tensor('int32', Int32Array.from(values), dims);
}

function halvesAsFloats(bits: Uint16Array): Float32Array {
  return decodeFloats(new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength), 'f16');
}

/** The largest difference to attention in f64. */
function worst(bits: Uint16Array, parts: readonly Part[]): number {
  const output = halvesAsFloats(bits);
  const expected = parts.flatMap(({ sequence, queries }) => {
    const past = sequence.keys.length - queries.length;
    return queries.map((query, index) => attention(query, sequence, past + index + 1));
  });
  let error = 0;
  expected.forEach((row, at) => {
    row.forEach((value, column) => {
      const difference = Math.abs((output[at * HEADS * HEAD_DIM + column] as number) - value);
      // NaN is the worst of all.
      error = difference > error || Number.isNaN(difference) ? difference : error;
    });
  });
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

/** One row over the first `length` rows of its sequence. */
function attention(query: Float32Array, { keys, values }: Sequence, length: number): number[] {
  const heads = Array.from({ length: HEADS }, (_, head) => {
    const from = Math.floor(head / (HEADS / KV_HEADS)) * HEAD_DIM;
    const scores = keys.slice(0, length).map((key) => {
      let sum = 0;
      for (let i = 0; i < HEAD_DIM; i++) {
        sum += (query[head * HEAD_DIM + i] as number) * (key[from + i] as number);
      }
      return sum / Math.sqrt(HEAD_DIM);
    });
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from({ length: HEAD_DIM }, (_, i) =>
      weights.reduce((sum, weight, row) => {
        const value = (values[row] as Float32Array)[from + i] as number;
        return sum + (weight / total) * value;
      }, 0),
    );
  });
  return heads.flat();
}

function sameBits(left: Uint16Array, right: Uint16Array, length: number): boolean {
  return left.slice(0, length).every((bits, index) => bits === right[index]);
}
