import type { WeightFormat } from '../../core/model-spec.js';
import type { LinearPlan, TensorPlan } from '../plan/tensors.js';
import type { BlockSize } from '../target.js';
import type { Checkpoint } from '../source/checkpoint.js';
import { findWeight } from '../weights/find-weight.js';
import { isBlocks, type StoredTensor } from '../weights/packing.js';
import { bytesPerNumber } from '../weights/stored-bytes.js';
import { sumColumnsOf } from '../weights/kept-rows.js';
import { rowLength } from '../weights/stored-rows.js';
import type { LinearWeight, PlainLinear, TensorRef, WeightMap } from '../weights/weight-store.js';
import type { LinearTask } from './compensate/layer-task.js';
import type {
  InputStep,
  LinearEncoding,
  LinearJob,
  LinearJobPart,
  OutputStep,
  QuantizeJob,
  TableJob,
} from './job.js';
import type { KeptMatrix } from './kept-linears.js';
import { CacheLayout } from './layout.js';
import type { ProductSums } from './product-sums.js';
import type { RotationSpec } from './rotate.js';

/** Elements of the largest piece that a linear or table is cut into: 16 MiB as f32. */
const PIECE_ELEMENTS = 4 * 1024 * 1024;

/** A linear and what is to be done to it. */
export interface LinearOrder {
  readonly plan: LinearPlan;
  readonly encoding: LinearEncoding;
  /** Null unless that is the encoding. */
  readonly kept: KeptMatrix | null;
  readonly inputStep: InputStep | null;
  readonly outputStep: OutputStep | null;
  readonly inputHadamard: number | null;
  /** Of `w8a8_int8`: what its inputs are quantised over; null = each row over its own largest magnitude. */
  readonly inputRange: number | null;
  /** Of `int4_zeros`, and of `int8` that is not in blocks of the target's size; null = those. */
  readonly blockSize: BlockSize | null;
  /** Of `w8a8_int8` that reads what attention gives: the range where that is in the units of a cache of integers. */
  readonly gridRange: number | null;
  /** Whether the parts of the plan lie side by side in one matrix. `each` is for `w8a8_int8` alone. */
  readonly matrices: 'one' | 'each';
}

/** The linears of a layer that are rounded together, and the file that has their rows meanwhile. */
export interface LayerRows {
  readonly path: string;
  readonly layout: CacheLayout;
  /** Fill that file. */
  readonly jobs: LinearJob[];
  readonly linears: LinearTask[];
}

/** Collects jobs and lays out the file that they fill. */
export class JobList {
  readonly #checkpoint: Checkpoint;
  readonly #target: string;
  readonly #blockSize: BlockSize;
  readonly #sums: ProductSums;
  readonly #layout = new CacheLayout();
  readonly #jobs: QuantizeJob[] = [];
  readonly #tensors: Record<string, TensorRef> = {};
  readonly #linears: Record<string, LinearWeight> = {};

  /** Jobs read from `checkpoint` and write to the file `target`. */
  constructor(
    checkpoint: Checkpoint,
    target: string,
    blockSize: BlockSize,
    sums: ProductSums = 'pairs',
  ) {
    this.#checkpoint = checkpoint;
    this.#target = target;
    this.#blockSize = blockSize;
    this.#sums = sums;
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

  /** A table or vector; dtype null = as the checkpoint has it, but for blocks. */
  table(
    plan: TensorPlan,
    to: { readonly rotation: RotationSpec | null; readonly dtype: TableJob['dtype'] | null },
  ): void {
    const source = this.stored(plan);
    const dtype = to.dtype ?? tableDtype(source);
    const ref = this.#layout.place(dtype, plan.shape);
    this.#tensors[plan.name] = ref;
    const columns = rowLength(source);
    for (const [begin, end] of pieces(plan.shape[0] ?? 1, columns)) {
      const bytes = (end - begin) * columns * bytesPerNumber(source);
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

  /** The rotation as a matrix `[size, size] f32`, under that name. */
  rotation(name: string, spec: RotationSpec): void {
    const ref = this.#layout.place('f32', [spec.size, spec.size]);
    this.#tensors[name] = ref;
    const { offset } = ref;
    this.#jobs.push({ kind: 'rotation', target: this.#target, bytes: 0, spec, offset });
  }

  /** A gain of ones in the place of `plan`. */
  ones(plan: TensorPlan): void {
    const ref = this.#layout.place('f32', plan.shape);
    this.#tensors[plan.name] = ref;
    const count = ref.byteLength / 4;
    this.#jobs.push({ kind: 'ones', target: this.#target, bytes: 0, count, offset: ref.offset });
  }

  /**
   * A linear; with `layer`, and in the encoding that is rounded so, jobs put its rows into that layer's file, where they
   * wait to be rounded.
   */
  linear(order: LinearOrder, layer: LayerRows | null = null): void {
    this.#linears[order.plan.name] = this.#linear(order, layer);
  }

  /** A linear whose parts have orders of their own. */
  parts(plan: LinearPlan, orders: readonly LinearOrder[], layer: LayerRows | null): void {
    const parts = orders.map((order) => {
      const part = this.#linear(order, layer);
      if ('blockSize' in part) return part;
      throw new Error(`This is a bug: a part of ${plan.name} is not in blocks.`);
    });
    this.#linears[plan.name] = { format: 'parts', parts };
  }

  #linear(order: LinearOrder, layer: LayerRows | null): LinearWeight {
    const waits = layer !== null && order.encoding === 'int4_zeros';
    const matrices = plansOfMatrices(order).map((plan) => {
      const matrix = this.#place({ ...order, plan });
      if (waits) this.#roundLater({ ...order, plan }, matrix, layer);
      else this.#jobs.push(...this.#jobsOf({ ...order, plan }, matrix));
      return matrix;
    });
    return linearOf(order, matrices);
  }

  #roundLater(order: LinearOrder, matrix: StoredMatrix, layer: LayerRows): void {
    const { plan } = order;
    const shape = [plan.out, plan.in];
    const rows = layer.layout.place('f32', shape);
    const { path } = layer;
    const asFloats = { ...order, encoding: 'f32' } as const;
    const inLayer = { ...ONLY_WEIGHT, weight: rows, bias: null };
    layer.jobs.push(...this.#jobsOf(asFloats, inLayer, path));
    if (matrix.bias !== null) this.#jobs.push(...this.#biasJobs(asFloats, matrix));
    layer.linears.push({
      name: plan.name,
      in: plan.in,
      out: plan.out,
      blockSize: order.blockSize ?? this.#blockSize,
      source: { name: plan.name, path, offset: rows.offset, dtype: 'f32', packing: null, shape },
      target: this.#target,
      weightOffset: matrix.weight.offset,
      scalesOffset: matrix.scales?.offset ?? null,
      zeroPointsOffset: matrix.zeroPoints?.offset ?? null,
    });
  }

  /** One that writes no rows. */
  #biasJobs(order: LinearOrder, matrix: StoredMatrix): LinearJob[] {
    const [first] = this.#jobsOf(order, matrix);
    return first === undefined ? [] : [{ ...first, begin: 0, end: 0, bytes: 0 }];
  }

  /** The jobs that fill a matrix of the file `target`. */
  #jobsOf(
    order: LinearOrder,
    { weight, scales, zeroPoints, inputOrder, bias }: StoredMatrix,
    target = this.#target,
  ): LinearJob[] {
    const { plan, kept } = order;
    const parts = this.#partsOf(plan);
    // A piece of the rows is enough unless the outputs are mixed.
    const cuts = order.outputStep === null ? pieces(plan.out, plan.in) : [[0, plan.out]];
    return cuts.map(([begin = 0, end = plan.out]) => ({
      kind: 'linear',
      name: plan.name,
      target,
      parts,
      begin,
      end,
      in: plan.in,
      out: plan.out,
      encoding: order.encoding,
      sums: this.#sums,
      blockSize: order.blockSize ?? this.#blockSize,
      kept: kept?.parts ?? [],
      rowPlaces: kept?.rowPlaces ?? null,
      inputStep: order.inputStep,
      outputStep: order.outputStep,
      bytes: storedBytes(parts, plan.in) * ((end - begin) / plan.out),
      weightOffset: weight.offset,
      scalesOffset: scales?.offset ?? null,
      zeroPointsOffset: zeroPoints?.offset ?? null,
      inputOrderOffset: inputOrder?.offset ?? null,
      biasOffset: bias?.offset ?? null,
    }));
  }

  #partsOf(plan: LinearPlan): LinearJobPart[] {
    return plan.parts.map(({ weight, bias, out }) => ({
      weight: this.#find(weight, [out, plan.in]),
      bias: bias === null ? null : this.#find(bias, [out]),
    }));
  }

  /** Places the parts of the plan as one matrix. */
  #place(order: LinearOrder): StoredMatrix {
    const { plan } = order;
    const hasBias = this.#partsOf(plan).some(({ bias }) => bias !== null);
    const bias = hasBias ? this.#layout.place('f32', [plan.out]) : null;
    return { ...this.#operands(order), bias };
  }

  #operands({ plan, encoding, kept, blockSize }: LinearOrder): Omit<StoredMatrix, 'bias'> {
    const { in: k, out } = plan;
    const layout = this.#layout;
    if (encoding === 'f32') {
      return { ...ONLY_WEIGHT, weight: layout.place('f32', [out, k]) };
    }
    if (encoding === 'w8a8_int8') {
      const weight = layout.place('i8', [k, out]);
      return { ...ONLY_WEIGHT, weight, scales: layout.place('f32', [out]) };
    }
    const [own] = kept?.parts ?? [];
    const size = own?.blockSize ?? blockSize ?? this.#blockSize;
    const sumColumns = own === undefined ? 0 : sumColumnsOf(k, own);
    const blocks = Math.ceil((k + sumColumns) / size);
    const weight = layout.place('u8', [out, blocks, (size * BITS[encoding]) / 8]);
    const scales = layout.place('f32', [out * blocks]);
    const hasZeros =
      encoding === 'int4_zeros' || (kept?.parts.some((part) => part.hasZeros) ?? false);
    const zeroPoints = hasZeros ? layout.place('u8', [out * Math.ceil(blocks / 2)]) : null;
    const inputOrder = kept?.ordersInput === true ? layout.place('i32', [k]) : null;
    return { weight, scales, zeroPoints, inputOrder, sumColumns, blockSize: size };
  }

  #find(name: string, shape: readonly number[]): StoredTensor {
    const { path, offset, dtype, packing } = findWeight(this.#checkpoint, name, shape);
    return { name, path, offset, dtype, packing, shape };
  }
}

const BITS = { int8: 8, int4: 4, int4_zeros: 4, kept: 4 } as const;

interface StoredMatrix {
  readonly weight: TensorRef;
  readonly scales: TensorRef | null;
  readonly zeroPoints: TensorRef | null;
  readonly inputOrder: TensorRef | null;
  readonly bias: TensorRef | null;
  /** Columns behind those of the input. */
  readonly sumColumns: number;
  /** Columns that share a scale; 0 = all do, or none has one. */
  readonly blockSize: number;
}

const ONLY_WEIGHT = {
  scales: null,
  zeroPoints: null,
  inputOrder: null,
  sumColumns: 0,
  blockSize: 0,
};

/** Blocks have lost far more than half precision takes from them. */
function tableDtype({ dtype, packing }: StoredTensor): TableJob['dtype'] {
  const isRounded = packing?.kind === 'blocks' && isBlocks(packing.encoding);
  return isRounded ? 'f16' : dtype;
}

function plansOfMatrices({ plan, matrices }: LinearOrder): readonly LinearPlan[] {
  if (matrices === 'one') return [plan];
  return plan.parts.map((part) => ({ ...plan, out: part.out, parts: [part] }));
}

function linearOf(
  { plan, encoding, inputHadamard, inputRange, gridRange }: LinearOrder,
  matrices: readonly StoredMatrix[],
): LinearWeight {
  if (encoding === 'w8a8_int8') {
    const stored = matrices.map(({ weight, scales, bias }) => ({
      weight,
      scale: scalesOf(plan, scales),
      bias,
    }));
    return {
      format: encoding,
      matrices: stored,
      inputHadamard,
      inputRange,
      ...(gridRange !== null && { gridRange }),
    };
  }
  const [only, ...more] = matrices;
  if (only === undefined || more.length > 0) {
    throw new Error(`This is a bug: ${plan.name} must be one matrix.`);
  }
  const { weight, scales, zeroPoints, inputOrder, sumColumns, bias, blockSize } = only;
  if (encoding === 'f32') return plainParts(plan, weight, bias);
  return {
    format: BITS[encoding] === 8 ? 'int8' : 'int4',
    bits: BITS[encoding],
    blockSize,
    in: plan.in,
    out: plan.out,
    weight,
    scales: scalesOf(plan, scales),
    ...(zeroPoints !== null && { zeroPoints }),
    ...(inputOrder !== null && { inputOrder }),
    ...(sumColumns > 0 && { sumColumns }),
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

function storedBytes(parts: readonly LinearJobPart[], width: number): number {
  return parts.reduce(
    (total, { weight }) => total + (weight.shape[0] ?? 0) * width * bytesPerNumber(weight),
    0,
  );
}
