import type { WeightFormat } from '../../core/model-spec.js';
import type { LinearPlan, TensorPlan } from '../plan.js';
import type { BlockSize } from '../target.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { findWeight } from '../weights/find-weight.js';
import type { StoredTensor } from '../weights/packing.js';
import { storedBytes } from '../weights/stored-bytes.js';
import { rowLength } from '../weights/stored-rows.js';
import type { LinearWeight, PlainLinear, TensorRef, WeightMap } from '../weights/weight-store.js';
import type {
  InputStep,
  LinearEncoding,
  LinearJobPart,
  OutputStep,
  QuantizeJob,
  TableJob,
} from './job.js';
import type { KeptLinear } from './kept-linears.js';
import { CacheLayout } from './layout.js';
import type { RotationSpec } from './rotate.js';

/** Elements of the largest piece that a linear or table is cut into: 16 MiB as f32. */
const PIECE_ELEMENTS = 4 * 1024 * 1024;

/** A linear and what is to be done to it. */
export interface LinearOrder {
  readonly plan: LinearPlan;
  readonly encoding: LinearEncoding;
  /** Null unless that is the encoding. */
  readonly kept: KeptLinear | null;
  readonly inputStep: InputStep | null;
  readonly outputStep: OutputStep | null;
  readonly inputHadamard: number | null;
  /** Of `w8a8_int8`: what its inputs are quantised over; null = each row over its own largest magnitude. */
  readonly inputRange: number | null;
  /** Whether the parts of the plan lie side by side in one matrix. `each` is for `w8a8_int8` alone. */
  readonly matrices: 'one' | 'each';
}

/** Collects jobs and lays out the file that they fill. */
export class JobList {
  readonly #checkpoint: Checkpoint;
  readonly #target: string;
  readonly #blockSize: BlockSize;
  readonly #layout = new CacheLayout();
  readonly #jobs: QuantizeJob[] = [];
  readonly #tensors: Record<string, TensorRef> = {};
  readonly #linears: Record<string, LinearWeight> = {};

  /** Jobs read from `checkpoint` and write to the file `target`. */
  constructor(checkpoint: Checkpoint, target: string, blockSize: BlockSize) {
    this.#checkpoint = checkpoint;
    this.#target = target;
    this.#blockSize = blockSize;
  }

  get fileBytes(): number {
    return this.#layout.fileBytes;
  }

  /** The largest first, so that the last thread to finish is not the one with the most to do. */
  jobs(): QuantizeJob[] {
    return [...this.#jobs].sort((a, b) => b.bytes - a.bytes);
  }

  map(format: WeightFormat): WeightMap {
    const tensors = this.#tensors;
    return { format, totalBytes: this.fileBytes, tensors, linears: this.#linears };
  }

  /** Where the checkpoint has the tensor. @throws ModelLoadError when it is missing or does not fit */
  stored(plan: TensorPlan): StoredTensor {
    return this.#find(plan.checkpoint, plan.shape);
  }

  /** A table or vector; dtype null = as the checkpoint has it. */
  table(
    plan: TensorPlan,
    to: { readonly rotation: RotationSpec | null; readonly dtype: TableJob['dtype'] | null },
  ): void {
    const source = this.stored(plan);
    const dtype = to.dtype ?? source.dtype;
    const ref = this.#layout.place(dtype, plan.shape);
    this.#tensors[plan.name] = ref;
    const columns = rowLength(source);
    for (const [begin, end] of pieces(plan.shape[0] ?? 1, columns)) {
      const bytes = storedBytes(source) * ((end - begin) / (plan.shape[0] ?? 1));
      this.#jobs.push({
        kind: 'table',
        target: this.#target,
        bytes,
        source,
        begin,
        end,
        rotation: to.rotation,
        dtype,
        offset: ref.offset,
      });
    }
  }

  /** A gain of ones in the place of `plan`. */
  ones(plan: TensorPlan): void {
    const ref = this.#layout.place('f32', plan.shape);
    this.#tensors[plan.name] = ref;
    const count = ref.byteLength / 4;
    this.#jobs.push({ kind: 'ones', target: this.#target, bytes: 0, count, offset: ref.offset });
  }

  linear(order: LinearOrder): void {
    const matrices = plansOfMatrices(order).map((plan) => this.#matrix({ ...order, plan }));
    this.#linears[order.plan.name] = linearOf(order, matrices);
  }

  /** Places the parts of the plan as one matrix, and lists the jobs that fill it. */
  #matrix(order: LinearOrder): StoredMatrix {
    const { plan, kept } = order;
    const parts = plan.parts.map(({ weight, bias, out }) => ({
      weight: this.#find(weight, [out, plan.in]),
      bias: bias === null ? null : this.#find(bias, [out]),
    }));
    const hasBias = parts.some(({ bias }) => bias !== null);
    const bias = hasBias ? this.#layout.place('f32', [plan.out]) : null;
    const { weight, scales, zeroPoints, inputOrder } = this.#place(order);
    // A piece of the rows is enough unless the outputs are mixed.
    const cuts = order.outputStep === null ? pieces(plan.out, plan.in) : [[0, plan.out]];
    for (const [begin = 0, end = plan.out] of cuts) {
      this.#jobs.push({
        kind: 'linear',
        name: plan.name,
        target: this.#target,
        parts,
        begin,
        end,
        in: plan.in,
        out: plan.out,
        encoding: order.encoding,
        blockSize: this.#blockSize,
        kept: kept?.parts ?? [],
        rowPlaces: kept?.rowPlaces ?? null,
        inputStep: order.inputStep,
        outputStep: order.outputStep,
        bytes: weightBytes(parts) * ((end - begin) / plan.out),
        weightOffset: weight.offset,
        scalesOffset: scales?.offset ?? null,
        zeroPointsOffset: zeroPoints?.offset ?? null,
        inputOrderOffset: inputOrder?.offset ?? null,
        biasOffset: bias?.offset ?? null,
      });
    }
    const blockSize = kept?.parts[0]?.blockSize ?? this.#blockSize;
    return { weight, scales, zeroPoints, inputOrder, bias, blockSize };
  }

  #place({ plan, encoding, kept }: LinearOrder): Omit<StoredMatrix, 'bias' | 'blockSize'> {
    const { in: k, out } = plan;
    const layout = this.#layout;
    if (encoding === 'f32') {
      return { ...ONLY_WEIGHT, weight: layout.place('f32', [out, k]) };
    }
    if (encoding === 'w8a8_int8') {
      const weight = layout.place('i8', [k, out]);
      return { ...ONLY_WEIGHT, weight, scales: layout.place('f32', [out]) };
    }
    const size = kept?.parts[0]?.blockSize ?? this.#blockSize;
    const blocks = k / size;
    const weight = layout.place('u8', [out, blocks, (size * BITS[encoding]) / 8]);
    const scales = layout.place('f32', [out * blocks]);
    const hasZeros = kept?.parts.some((part) => part.hasZeros) ?? false;
    const zeroPoints = hasZeros ? layout.place('u8', [out * Math.ceil(blocks / 2)]) : null;
    const inputOrder = kept?.ordersInput === true ? layout.place('i32', [k]) : null;
    return { weight, scales, zeroPoints, inputOrder };
  }

  #find(name: string, shape: readonly number[]): StoredTensor {
    const { path, offset, dtype, packing } = findWeight(this.#checkpoint, name, shape);
    return { name, path, offset, dtype, packing, shape };
  }
}

const BITS = { int8: 8, int4: 4, kept: 4 } as const;

interface StoredMatrix {
  readonly weight: TensorRef;
  readonly scales: TensorRef | null;
  readonly zeroPoints: TensorRef | null;
  readonly inputOrder: TensorRef | null;
  readonly bias: TensorRef | null;
  /** Columns that share a scale, where not all do. */
  readonly blockSize: number;
}

const ONLY_WEIGHT = { scales: null, zeroPoints: null, inputOrder: null };

function plansOfMatrices({ plan, matrices }: LinearOrder): readonly LinearPlan[] {
  if (matrices === 'one') return [plan];
  return plan.parts.map((part) => ({ ...plan, out: part.out, parts: [part] }));
}

function linearOf(
  { plan, encoding, inputHadamard, inputRange }: LinearOrder,
  matrices: readonly StoredMatrix[],
): LinearWeight {
  if (encoding === 'w8a8_int8') {
    const stored = matrices.map(({ weight, scales, bias }) => ({
      weight,
      scale: scalesOf(plan, scales),
      bias,
    }));
    return { format: encoding, matrices: stored, inputHadamard, inputRange };
  }
  const [only, ...more] = matrices;
  if (only === undefined || more.length > 0) {
    throw new Error(`This is a bug: ${plan.name} must be one matrix.`);
  }
  const { weight, scales, zeroPoints, inputOrder, bias, blockSize } = only;
  if (encoding === 'f32') return plainParts(plan, weight, bias);
  return {
    format: encoding === 'kept' ? 'int4' : encoding,
    bits: BITS[encoding],
    blockSize,
    in: plan.in,
    out: plan.out,
    weight,
    scales: scalesOf(plan, scales),
    ...(zeroPoints !== null && { zeroPoints }),
    ...(inputOrder !== null && { inputOrder }),
    bias,
    inputHadamard,
  };
}

function scalesOf({ name }: LinearPlan, scales: TensorRef | null): TensorRef {
  if (scales === null) throw new Error(`This is a bug: ${name} has no scales.`);
  return scales;
}

/** A linear kept in f32 has the parts of its plan: ranges of one matrix and one bias. */
function plainParts(plan: LinearPlan, weight: TensorRef, bias: TensorRef | null): PlainLinear {
  let first = 0;
  const parts = plan.parts.map(({ out }) => {
    const rows = { begin: first, count: out };
    first += out;
    return { weight: rowsOf(weight, rows), bias: bias === null ? null : rowsOf(bias, rows) };
  });
  return { format: 'none', parts };
}

function rowsOf(
  ref: TensorRef,
  rows: { readonly begin: number; readonly count: number },
): TensorRef {
  const [all = 1, ...columns] = ref.shape;
  const rowBytes = ref.byteLength / all;
  return {
    ...ref,
    offset: ref.offset + rows.begin * rowBytes,
    byteLength: rows.count * rowBytes,
    shape: [rows.count, ...columns],
  };
}

/** Half-open ranges of rows of at most {@link PIECE_ELEMENTS}. */
function pieces(rows: number, columns: number): [number, number][] {
  const step = Math.max(1, Math.floor(PIECE_ELEMENTS / columns));
  const count = Math.ceil(rows / step);
  return Array.from({ length: count }, (_, i) => [i * step, Math.min(rows, (i + 1) * step)]);
}

function weightBytes(parts: readonly LinearJobPart[]): number {
  return parts.reduce((total, { weight }) => total + storedBytes(weight), 0);
}
