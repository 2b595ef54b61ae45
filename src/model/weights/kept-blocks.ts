import { CODED_TYPES, isCoded } from './blocks/coded-blocks.js';
import { columnsByGroup, evenGroups } from './grouped/grouped-rows.js';
import { groupsOfScaled } from './grouped/scaled.js';
import { groupsOfWords } from './grouped/words.js';
import type { InputFiles } from './input-files.js';
import type { BlockPacking, Packing } from './packing.js';

/** Stored codes of at most four bits, in blocks that the runtime multiplies as they are. */
export interface KeptBlocks {
  /** Columns that share a scale and a zero. */
  readonly blockSize: number;
  /** What makes codes and zeros of the stored ones: from 0 to 15. */
  readonly offset: number;
  readonly hasZeros: boolean;
  /** Their numbers are `code * scale + minimum`, which takes further columns (sum-columns.ts). */
  readonly hasMinima: boolean;
  /** `[in]`: the stored column of each kept one, so that those of a group lie side by side; null = as stored. */
  readonly columns: Uint32Array | null;
}

/** What `MatMulNBits` takes, the largest first. A wider group is several blocks with one scale. */
const BLOCK_SIZES = [128, 64, 32, 16] as const;
export const CODE_BITS = 4;
/** Half of a code's range: where signed codes have their zero. */
export const MIDDLE = 8;

/** How a weight of so many columns can stay as it is stored; null = it cannot. @throws ModelLoadError */
export function keptBlocks(
  files: InputFiles,
  packing: Packing | null,
  width: number,
): KeptBlocks | null {
  switch (packing?.kind) {
    case 'blocks':
      return ofGgml(packing);
    case 'words':
      if (packing.bits > CODE_BITS) return null;
      return inGroups(groupsOfWords(files, packing, width), { offset: 0, hasZeros: true });
    case 'word-rows': {
      const { bits, groupSize } = packing;
      if (bits > CODE_BITS) return null;
      return inGroups(evenGroups(width, groupSize), { offset: 0, hasZeros: true });
    }
    case 'marlin': {
      const groups = evenGroups(width, packing.groupSize);
      return inGroups(groups, { offset: MIDDLE, hasZeros: false });
    }
    case 'scaled': {
      const { encoding, parts, rounding } = packing;
      if (rounding !== undefined) return null;
      if (typeof encoding !== 'object' || encoding.bits > CODE_BITS) return null;
      const hasZeros = parts.zeros !== undefined;
      return inGroups(groupsOfScaled(files, packing, width), { offset: MIDDLE, hasZeros });
    }
    case 'view':
      return packing.along === 'rows' ? keptBlocks(files, packing.of.packing, width) : null;
    default:
      return null;
  }
}

function ofGgml(packing: BlockPacking): KeptBlocks | null {
  const { encoding, plus } = packing;
  if (!isCoded(encoding) || plus !== 0 || !isInItsOrder(packing)) return null;
  const { groupSize, hasMinima, offset } = CODED_TYPES[encoding];
  return { blockSize: groupSize, offset, hasZeros: hasMinima, hasMinima, columns: null };
}

/** Runs in another order are read as numbers alone. */
function isInItsOrder({ rowRuns, columnRuns, turnedColumns }: BlockPacking): boolean {
  return rowRuns === undefined && columnRuns === undefined && turnedColumns === undefined;
}

function inGroups(
  groupOf: Uint32Array,
  codes: Pick<KeptBlocks, 'offset' | 'hasZeros'>,
): KeptBlocks | null {
  const { columns, ends } = columnsByGroup(groupOf);
  const blockSize = BLOCK_SIZES.find((block) => ends.every((end) => end % block === 0));
  if (blockSize === undefined) return null;
  const isStored = columns.every((column, at) => column === at);
  return { blockSize, ...codes, hasMinima: false, columns: isStored ? null : columns };
}
