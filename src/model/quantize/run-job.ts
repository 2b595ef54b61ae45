import { ModelLoadError } from '../load-error.js';
import { encodeF16 } from '../weights/floats.js';
import { DTYPE_BYTES } from '../weights/weight-store.js';
import { quantizeBlocks } from './blocks.js';
import { JobFiles } from './files.js';
import type { LinearJob, OutputStep, QuantizeJob, TableJob } from './job.js';
import { pairSafeScales, quantizeColumns } from './pair-safe.js';
import { rotateBlocks } from './rotate.js';
import { transpose } from './transpose.js';

/** Runs one job to its end on this thread. Throws {@link ModelLoadError} on weights it cannot use. */
export function runQuantizeJob(job: QuantizeJob): void {
  const files = new JobFiles(job.target);
  try {
    switch (job.kind) {
      case 'linear':
        runLinear(job, files);
        break;
      case 'table':
        runTable(job, files);
        break;
      case 'ones':
        files.write(new Float32Array(job.count).fill(1), job.offset);
        break;
    }
  } finally {
    files.close();
  }
}

function runTable(job: TableJob, files: JobFiles): void {
  const { source, begin, end } = job;
  const columns = source.shape.slice(1).reduce((product, size) => product * size, 1);
  const width = DTYPE_BYTES[job.dtype];
  const offset = job.offset + begin * columns * width;
  if (job.rotation === null && job.dtype === source.dtype && source.packing === null) {
    files.write(files.raw(source, begin, end), offset);
    return;
  }
  const rows = files.floats(source, begin, end);
  if (job.rotation !== null) rotateBlocks(rows, job.rotation);
  files.write(job.dtype === 'f16' ? encodeF16(rows) : rows, offset);
}

function runLinear(job: LinearJob, files: JobFiles): void {
  const weight = readWeight(job, files);
  if (job.inputStep !== null) {
    const { gain, rotation } = job.inputStep;
    rotateBlocks(weight, rotation, gain === null ? undefined : files.vector(gain));
  }
  requireFinite(weight, job);
  writeWeight(job, weight, files);
  if (job.biasOffset !== null && job.begin === 0) writeBias(job, job.biasOffset, files);
}

/** Rows `[begin, end)` of the parts' rows taken together, `[end - begin, in]`. */
function readWeight(job: LinearJob, files: JobFiles): Float32Array {
  const [only, ...more] = job.parts;
  if (only !== undefined && more.length === 0) return files.floats(only.weight, job.begin, job.end);
  const rows = new Float32Array((job.end - job.begin) * job.in);
  let first = 0;
  for (const { weight } of job.parts) {
    const count = weight.shape[0] ?? 0;
    const begin = Math.max(job.begin, first);
    const end = Math.min(job.end, first + count);
    if (begin < end) {
      rows.set(files.floats(weight, begin - first, end - first), (begin - job.begin) * job.in);
    }
    first += count;
  }
  return rows;
}

/** A NaN would make a whole block or column NaN, in silence. */
function requireFinite(weight: Float32Array, job: LinearJob): void {
  let sum = 0;
  for (let i = 0; i < weight.length; i++) sum += (weight[i] as number) * 0;
  if (sum === 0) return;
  const names = job.parts.map((part) => `'${part.weight.name}'`).join(', ');
  const path = job.parts[0]?.weight.path ?? '';
  throw new ModelLoadError('bad_checkpoint', `A weight of ${names} in ${path} is not finite.`);
}

function writeWeight(job: LinearJob, weight: Float32Array, files: JobFiles): void {
  if (job.encoding === 'w8a8_int8') {
    writeColumns(job, rotateOutputs(job, weight), files);
    return;
  }
  const rows = job.end - job.begin;
  const rotated =
    job.outputStep === null ? weight : transpose(rotateOutputs(job, weight), job.in, rows);
  if (job.encoding === 'f32') {
    files.write(rotated, job.weightOffset + job.begin * job.in * 4);
    return;
  }
  const bits = job.encoding === 'int8' ? 8 : 4;
  const blocks = quantizeBlocks(rotated, { bits, size: job.blockSize });
  files.write(blocks.weight, job.weightOffset + (job.begin * job.in * bits) / 8);
  const scalesBefore = (job.begin * blocks.scales.length) / rows;
  files.write(blocks.scales, scalesOffset(job) + scalesBefore * 4);
}

/** The transposed weight `[in, rows]`, its output steps done: outputs are contiguous there. */
function rotateOutputs(job: LinearJob, weight: Float32Array): Float32Array {
  const rows = job.end - job.begin;
  const columns = transpose(weight, rows, job.in);
  if (job.outputStep !== null) rotateColumnRange(columns, rows, job.outputStep);
  return columns;
}

function rotateColumnRange(data: Float32Array, width: number, step: OutputStep): void {
  if (step.begin === 0 && step.end === width) {
    rotateBlocks(data, step.rotation);
    return;
  }
  for (let row = 0; row < data.length; row += width) {
    rotateBlocks(data.subarray(row + step.begin, row + step.end), step.rotation);
  }
}

/** `weights [in, rows]`, the columns `[begin, end)` of the whole `[in, out]`. */
function writeColumns(job: LinearJob, weights: Float32Array, files: JobFiles): void {
  const rows = job.end - job.begin;
  const scales = pairSafeScales(weights, job.in, rows);
  const quantized = quantizeColumns(weights, scales, job.in);
  files.write(scales, scalesOffset(job) + job.begin * 4);
  if (rows === job.out) {
    files.write(quantized, job.weightOffset);
    return;
  }
  for (let k = 0; k < job.in; k++) {
    const column = quantized.subarray(k * rows, (k + 1) * rows);
    files.write(column, job.weightOffset + k * job.out + job.begin);
  }
}

function scalesOffset(job: LinearJob): number {
  if (job.scalesOffset === null) throw new Error(`This is a bug: ${job.name} has no scales.`);
  return job.scalesOffset;
}

/** The whole bias `[out] f32`; the job of the first rows writes it. */
function writeBias(job: LinearJob, offset: number, files: JobFiles): void {
  const bias = new Float32Array(job.out);
  let first = 0;
  for (const part of job.parts) {
    if (part.bias !== null) bias.set(files.vector(part.bias), first);
    first += part.weight.shape[0] ?? 0;
  }
  if (job.outputStep !== null) rotateColumnRange(bias, job.out, job.outputStep);
  files.write(bias, offset);
}
