import { quantizeBlocks } from './blocks.js';
import type { JobFiles } from './files.js';
import type { LinearJob } from './job.js';
import { notFinite, scalesOffset, tileRows } from './linear-job.js';
import { columnScales, quantizeColumns, widenByEach, widenByPair } from './pair-safe.js';
import { rotation, type Rotate } from './rotate.js';
import { scratch } from './scratch.js';
import { roundToZeroBlocks, writeZeroBlocks } from './zero-blocks.js';
import { transposeInto } from './transpose.js';
import { placesOf, writeKept } from './write-kept.js';

/** Reads, rotates and encodes a linear's rows `[begin, end)`. */
export function runLinear(job: LinearJob, files: JobFiles): void {
  if (job.encoding === 'w8a8_int8') writeColumns(job, files);
  else if (job.encoding === 'kept') writeKept(job, files);
  else if (job.outputStep === null) writeRows(job, files);
  else writeMixedRows(job, files);
  if (job.biasOffset !== null && job.begin === 0) writeBias(job, job.biasOffset, files);
}

/** Integers `[in, rows]`, the columns `[begin, end)` of the whole `[in, out]`, and a scale for each. */
function writeColumns(job: LinearJob, files: JobFiles): void {
  const rows = job.end - job.begin;
  const columns = readColumns(job, files);
  const mix = outputMixer(job);
  const largest = new Float32Array(rows);
  const widen = job.sums === 'whole' ? widenByEach : widenByPair;
  for (let at = 0; at < columns.length; at += 2 * rows) {
    const pair = columns.subarray(at, at + 2 * rows);
    mix?.(pair);
    widen(largest, pair);
  }
  const scales = columnScales(largest);
  files.write(scales, scalesOffset(job) + job.begin * 4);
  const quantized = quantizeColumns(columns, scales, job.in);
  if (rows === job.out) {
    files.write(quantized, job.weightOffset);
    return;
  }
  for (let k = 0; k < job.in; k++) {
    const row = quantized.subarray(k * rows, (k + 1) * rows);
    files.write(row, job.weightOffset + k * job.out + job.begin);
  }
}

/** Rows that nothing mixes with each other, as they are encoded. */
function writeRows(job: LinearJob, files: JobFiles): void {
  for (const { begin, rows } of readTiles(job, files)) encodeRows(job, begin, rows, files);
}

/** Rows whose outputs are mixed: that is done where they lie side by side. */
function writeMixedRows(job: LinearJob, files: JobFiles): void {
  const rows = job.end - job.begin;
  const columns = readColumns(job, files);
  const mix = outputMixer(job);
  for (let at = 0; at < columns.length; at += rows) mix?.(columns.subarray(at, at + rows));
  const mixed = new Float32Array(columns.length);
  transposeInto(columns, rows, { target: mixed, width: job.in, first: 0 });
  encodeRows(job, job.begin, mixed, files);
}

/** Writes `rows [.., in]`, of which the first is row `begin` of the linear. */
function encodeRows(job: LinearJob, begin: number, rows: Float32Array, files: JobFiles): void {
  if (job.encoding === 'f32') {
    files.write(rows, job.weightOffset + begin * job.in * 4);
    return;
  }
  if (job.encoding === 'int4_zeros') {
    writeZeroBlocks(job, begin, roundToZeroBlocks(rows, job.in, job.blockSize), files);
    return;
  }
  const bits = job.encoding === 'int8' ? 8 : 4;
  const blocks = quantizeBlocks(rows, { bits, size: job.blockSize });
  files.write(blocks.weight, job.weightOffset + (begin * job.in * bits) / 8);
  files.write(blocks.scales, scalesOffset(job) + ((begin * job.in) / job.blockSize) * 4);
}

/** The weight `[in, rows]`, its input step done. It is valid until the next job of this thread. */
function readColumns(job: LinearJob, files: JobFiles): Float32Array {
  const width = job.end - job.begin;
  const target = scratch(job.in * width);
  for (const { begin, rows } of readTiles(job, files)) {
    transposeInto(rows, job.in, { target, width, first: begin - job.begin });
  }
  return target;
}

interface Tile {
  /** Row of the linear. */
  readonly begin: number;
  /** `[.., in]`, its input step done. */
  readonly rows: Float32Array;
}

function* readTiles(job: LinearJob, files: JobFiles): Generator<Tile> {
  const mix = inputMixer(job, files);
  const step = tileRows(job);
  for (let begin = job.begin; begin < job.end; begin += step) {
    const rows = readRows(job, begin, Math.min(job.end, begin + step), files);
    mix?.(rows);
    requireFinite(rows, job);
    yield { begin, rows };
  }
}

/** Rows `[begin, end)` of the parts' rows taken together, `[end - begin, in]`. */
function readRows(job: LinearJob, begin: number, end: number, files: JobFiles): Float32Array {
  const [only, ...more] = job.parts;
  if (only !== undefined && more.length === 0) return files.floats(only.weight, begin, end);
  const rows = new Float32Array((end - begin) * job.in);
  let first = 0;
  for (const { weight } of job.parts) {
    const count = weight.shape[0] ?? 0;
    const from = Math.max(begin, first);
    const to = Math.min(end, first + count);
    if (from < to) {
      rows.set(files.floats(weight, from - first, to - first), (from - begin) * job.in);
    }
    first += count;
  }
  return rows;
}

function inputMixer({ inputStep }: LinearJob, files: JobFiles): Rotate | null {
  if (inputStep === null) return null;
  const { gain, rotation: spec } = inputStep;
  return rotation(spec, gain === null ? undefined : files.vector(gain));
}

/** Mixes the outputs of whole rows `[.., out]`. */
function outputMixer({ outputStep, out }: LinearJob): Rotate | null {
  if (outputStep === null) return null;
  const { begin, end, rotation: spec } = outputStep;
  const rotate = rotation(spec);
  if (begin === 0 && end === out) return rotate;
  return (data) => {
    for (let row = 0; row < data.length; row += out) {
      rotate(data.subarray(row + begin, row + end));
    }
  };
}

/** A NaN would make a whole block or column NaN, in silence. */
function requireFinite(weight: Float32Array, job: LinearJob): void {
  let sum = 0;
  for (let i = 0; i < weight.length; i++) sum += (weight[i] as number) * 0;
  if (sum !== 0) throw notFinite(job);
}

/** The whole bias `[out] f32`; the job of the first rows writes it. */
function writeBias(job: LinearJob, offset: number, files: JobFiles): void {
  const bias = new Float32Array(job.out);
  let first = 0;
  for (const part of job.parts) {
    const count = part.weight.shape[0] ?? 0;
    const places = placesOf(job, { begin: 0, end: count }, first);
    const values = part.bias === null ? null : files.vector(part.bias);
    values?.forEach((value, row) => (bias[places[row] as number] = value));
    first += count;
  }
  outputMixer(job)?.(bias);
  files.write(bias, offset);
}
