import { elements } from '../../elements.js';
import type { InputFiles } from '../input-files.js';
import { intAt, type PackedInts, placeOf, wordsFor } from './codes.js';
import { floatsOf, type StoredPart } from './part.js';

/** Rows and columns that share a number; at the edges of a matrix there may be fewer. */
export type Block = readonly [rows: number, columns: number];

/** Rows of a matrix by their numbers, which ascend, and how wide the matrix is in blocks. */
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
  const size = (part.byteLength / elements(part.shape)) * groups;
  const first = Math.floor((rows[0] ?? 0) / height);
  const last = Math.floor((rows.at(-1) ?? 0) / height);
  const bytes = new Uint8Array((last + 1 - first) * size);
  files.read(part, first * size, bytes);
  const stored = floatsOf(part, bytes);
  const numbers = new Float32Array(rows.length * groups);
  rows.forEach((row, i) => {
    const at = (Math.floor(row / height) - first) * groups;
    numbers.set(stored.subarray(at, at + groups), i * groups);
  });
  return numbers;
}

/** The same where `part` has packed integers, the rows of a column one behind the other: `[words, groups]`. */
export function packedBlockNumbers(
  files: InputFiles,
  part: StoredPart,
  { rows, groups, packed }: Omit<RowsInBlocks, 'height'> & { readonly packed: PackedInts },
): Float32Array {
  const first = placeOf(packed, rows[0] ?? 0).word;
  const end = wordsFor(packed, (rows.at(-1) ?? 0) + 1);
  const words = new Uint32Array((end - first) * groups);
  files.read(part, first * groups * 4, new Uint8Array(words.buffer));
  const numbers = new Float32Array(rows.length * groups);
  rows.forEach((row, i) => {
    const { word, shift } = placeOf(packed, row);
    const at = (word - first) * groups;
    for (let group = 0; group < groups; group++) {
      const [low, high] = [words[at + group] as number, words[at + groups + group] ?? 0];
      numbers[i * groups + group] = intAt(low, high, shift, packed);
    }
  });
  return numbers;
}
