import type { FloatType } from '../../core/model-spec.js';
import { BLOCK_TYPES, type BlockName } from './blocks/registry.js';
import type { GroupedPacking } from './grouped/registry.js';
import type { TensorPlace } from './input-files.js';
import { DTYPE_BYTES } from './weight-store.js';

/** How the numbers of a tensor are made of bytes that are not simply they. Plain data: jobs carry it. */
export type Packing = BlockPacking | GroupedPacking | ViewPacking | GivenPacking;

/** Numbers of one range of bytes. */
export interface BlockPacking {
  readonly kind: 'blocks';
  /** What the bytes are: blocks, or numbers. */
  readonly encoding: BlockName | FloatType;
  /** Rows of a head that are stored as pairs of a rotation; null = rows lie in their order. */
  readonly pairedRows: number | null;
  /** Is added to each number. */
  readonly plus: number;
  /** Each number is the logarithm of what is stored with its sign turned: a state space model keeps its A so. */
  readonly isLogOfNegative?: true;
  /** Rows are those of matrices behind each other, each of which is stored transposed, with so many columns. */
  readonly turnedColumns?: number;
  /** Runs of rows, or of columns, that are stored in another order. */
  readonly rowRuns?: RunOrder;
  readonly columnRuns?: RunOrder;
}

/** A few numbers that a file has elsewhere than among its tensors. */
export interface GivenPacking {
  readonly kind: 'given';
  readonly values: readonly number[];
}

/** Run i of so many lines is the stored run `order[i]`. */
export interface RunOrder {
  readonly run: number;
  /** A permutation of all runs. */
  readonly order: readonly number[];
}

/** Where a checkpoint tensor lies, as plain data: what a job needs to read its input. */
export interface StoredTensor extends TensorPlace {
  /** Of its numbers once they are unpacked. */
  readonly dtype: FloatType;
  /** Null = its bytes are its numbers. */
  readonly packing: Packing | null;
  readonly shape: readonly number[];
}

/** Numbers that lie among those of another tensor, which is taken as a matrix of its rows. Plain data: jobs carry it. */
export interface ViewPacking {
  readonly kind: 'view';
  readonly of: StoredTensor;
  readonly lines: Lines;
  /** Lines are rows of the matrix, or its columns from row `first` on. */
  readonly along: 'rows' | 'columns';
  readonly first: number;
  /** Each row of the view is divided by its length. Absent = they are as they are. */
  readonly isUnit?: true;
}

/**
 * Row r of the view is the line that is `order[r % run]` behind `begin + floor(r / run) * stride`; order null = `r % run`.
 */
export interface Lines {
  readonly begin: number;
  readonly run: number;
  readonly stride: number;
  /** A permutation of `[0, run)`. */
  readonly order: readonly number[] | null;
}

/** Bytes of `count` numbers, which are whole blocks. */
export function packedBytes(encoding: BlockPacking['encoding'], count: number): number {
  if (!isBlocks(encoding)) return count * DTYPE_BYTES[encoding];
  const { elements, bytes } = BLOCK_TYPES[encoding];
  return (count / elements) * bytes;
}

export function isBlocks(encoding: BlockPacking['encoding']): encoding is BlockName {
  return Object.hasOwn(BLOCK_TYPES, encoding);
}

/**
 * Where a head's row lies among its stored rows. A rotation turns dimension `i` with dimension `i + size / 2`; stored are
 * `i` and its partner next to each other.
 */
export function pairedRow(row: number, size: number): number {
  const half = size / 2;
  const inHead = row % size;
  return row - inHead + 2 * (inHead % half) + (inHead < half ? 0 : 1);
}
