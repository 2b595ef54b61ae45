import type { InputFiles } from '../input-files.js';
import { intAt, perWord, type PackedInts } from './codes.js';
import { elementsOf, floatsOf, type StoredPart } from './part.js';

/** Rows and columns that share a number; at the edges of a matrix there may be fewer. */
export type Block = readonly [rows: number, columns: number];

/** Rows of a matrix by their numbers, and how wide the matrix is in blocks. */
export interface RowsInBlocks {
  readonly rows: readonly number[];
  /** Rows of a block. */
  readonly height: number;
  readonly groups: number;
}

/** What `part` has for the blocks of each row, one number a block: `[rows, groups]`. */
export function blockNumbers(
  files: InputFiles,
  part: StoredPart,
  { rows, height, groups }: RowsInBlocks,
): Float32Array {
  const bytes = bytesOfBlocks(files, part, { rows, height, groups });
  return spread(floatsOf(part, bytes.read), { rows, height, groups }, bytes.first);
}

/** The same where `part` has packed integers, the rows of a column in one word: `[ceil(out / perWord), groups]`. */
export function packedBlockNumbers(
  files: InputFiles,
  part: StoredPart,
  { rows, groups, packed }: Omit<RowsInBlocks, 'height'> & { readonly packed: PackedInts },
): Float32Array {
  const height = perWord(packed);
  const { read, first } = bytesOfBlocks(files, part, { rows, height, groups });
  const words = new Uint32Array(read.buffer);
  const numbers = new Float32Array(rows.length * groups);
  rows.forEach((row, i) => {
    const at = (Math.floor(row / height) - first) * groups;
    for (let group = 0; group < groups; group++) {
      numbers[i * groups + group] = intAt(words[at + group] as number, packed, row);
    }
  });
  return numbers;
}

/** The rows of blocks that `rows` are in, which ascend; `first` is the first of them. */
function bytesOfBlocks(
  files: InputFiles,
  part: StoredPart,
  { rows, height, groups }: RowsInBlocks,
): { readonly read: Uint8Array; readonly first: number } {
  const size = (part.byteLength / elementsOf(part)) * groups;
  const first = Math.floor((rows[0] ?? 0) / height);
  const last = Math.floor((rows.at(-1) ?? 0) / height);
  const read = new Uint8Array((last + 1 - first) * size);
  files.read(part, first * size, read);
  return { read, first };
}

function spread(
  numbers: Float32Array,
  { rows, height, groups }: RowsInBlocks,
  first: number,
): Float32Array {
  const wide = new Float32Array(rows.length * groups);
  rows.forEach((row, i) => {
    const at = (Math.floor(row / height) - first) * groups;
    wide.set(numbers.subarray(at, at + groups), i * groups);
  });
  return wide;
}
