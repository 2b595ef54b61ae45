import type { ProductSums } from './product-sums.js';
import type { KeptBlocks } from '../weights/kept-blocks.js';
import type { StoredTensor } from '../weights/packing.js';
import type { BlockSize } from '../target.js';
import type { RotationSpec } from './rotate.js';
import type { WriteRecord } from './written.js';

/**
 * A piece of work that one CPU thread does alone: it reads its tensors from the checkpoint, and
 * writes its own byte ranges of the cache file. Plain data; jobs share nothing and run in any order.
 */
export type QuantizeJob = LinearJob | TableJob | OnesJob | RotationJob;

interface JobBase {
  /** The cache file; it exists at its full size before a job runs. */
  readonly target: string;
  /** Checkpoint bytes that the job reads; for progress. */
  readonly bytes: number;
  /** Where it notes what it wrote; absent = nobody can go on with what it fills. */
  readonly journal?: JobJournal;
}

/** The journal of a draft, and the job's part in it. */
export interface JobJournal {
  readonly path: string;
  readonly id: string;
  /** What it wrote when it ran before; null = it did not, or did not end. */
  readonly known: WriteRecord | null;
}

/** Each block of `rotation.size` input columns is multiplied by `diag(gain) · R` from the right. */
export interface InputStep {
  /** A norm's gain; its length is the rotation's size. */
  readonly gain: StoredTensor | null;
  readonly rotation: RotationSpec;
}

/** Each block of `rotation.size` outputs in `[begin, end)` is multiplied by Rᵀ from the left. */
export interface OutputStep {
  readonly begin: number;
  readonly end: number;
  readonly rotation: RotationSpec;
}

/** `int4_zeros`: four bits with zero points. `kept`: the codes of the checkpoint, in its own blocks. */
export type LinearEncoding = 'w8a8_int8' | 'int8' | 'int4' | 'int4_zeros' | 'kept' | 'f32';

/** Output rows `[begin, end)` of a linear whose weight is its parts' rows, one after another. */
export interface LinearJob extends JobBase {
  readonly kind: 'linear';
  readonly name: string;
  readonly parts: readonly LinearJobPart[];
  readonly in: number;
  /** Rows of the whole linear, of which this job makes `[begin, end)`. */
  readonly out: number;
  readonly begin: number;
  readonly end: number;
  readonly inputStep: InputStep | null;
  readonly outputStep: OutputStep | null;
  readonly encoding: LinearEncoding;
  /** Of `w8a8_int8`. */
  readonly sums: ProductSums;
  /** Of `int8`, `int4` and `int4_zeros`. */
  readonly blockSize: BlockSize;
  /** How each part keeps its codes; empty unless that is the encoding. */
  readonly kept: readonly KeptBlocks[];
  /** `[part.out]`: where the rows of each part go among them; null = where they are. Of `kept` alone. */
  readonly rowPlaces: Uint32Array | null;
  /** Byte offsets in the cache file of the whole linear's weight, scales, zero points, input order and bias. */
  readonly weightOffset: number;
  readonly scalesOffset: number | null;
  readonly zeroPointsOffset: number | null;
  readonly inputOrderOffset: number | null;
  readonly biasOffset: number | null;
}

export interface LinearJobPart {
  readonly weight: StoredTensor;
  /** Null is zero where another part has a bias. */
  readonly bias: StoredTensor | null;
}

/** Rows `[begin, end)` of an embedding, or a vector: rotated, in another dtype, or as they are. */
export interface TableJob extends JobBase {
  readonly kind: 'table';
  readonly source: StoredTensor;
  readonly begin: number;
  readonly end: number;
  readonly rotation: RotationSpec | null;
  readonly dtype: 'f32' | 'f16' | 'bf16';
  /** Byte offset in the cache file of the whole table's row 0. */
  readonly offset: number;
}

/** A gain that was folded into the linears behind it: `[count] f32` of 1. */
export interface OnesJob extends JobBase {
  readonly kind: 'ones';
  readonly count: number;
  readonly offset: number;
}

/** A rotation as a matrix: row i is what it makes of the i-th unit vector. */
export interface RotationJob extends JobBase {
  readonly kind: 'rotation';
  readonly spec: RotationSpec;
  readonly offset: number;
}
