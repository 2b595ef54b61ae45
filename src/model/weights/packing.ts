import type { FloatType } from '../../core/model-spec.js';
import { BLOCK_TYPES, type BlockName } from './blocks/registry.js';
import type { GroupedPacking } from './grouped/registry.js';
import type { ViewPacking } from './view.js';
import { DTYPE_BYTES } from './weight-store.js';

/** How the numbers of a tensor are made of bytes that are not simply they. Plain data: jobs carry it. */
export type Packing = BlockPacking | GroupedPacking | ViewPacking;

/** Numbers of one range of bytes. */
export interface BlockPacking {
  readonly kind: 'blocks';
  /** What the bytes are: blocks, or numbers. */
  readonly encoding: BlockName | FloatType;
  /** Rows of a head that are stored as pairs of a rotation; null = rows lie in their order. */
  readonly pairedRows: number | null;
  /** Is added to each number. */
  readonly plus: number;
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
