import type { InputFiles } from '../input-files.js';
import { type CodeBookPacking, readCodeBook } from './code-book.js';
import { type GroupedRows, weightsOf } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { type MarlinPacking, readMarlin } from './marlin.js';
import { readScaled, type ScaledPacking } from './scaled.js';
import { readSparse, type SparsePacking } from './sparse.js';
import { readWordRows, type WordRowsPacking } from './word-rows.js';
import { readWords, type WordsPacking } from './words.js';

/** Every way in which several stored tensors make one matrix. Each names its tensors in `parts`. */
export type GroupedPacking =
  ScaledPacking | SparsePacking | WordsPacking | WordRowsPacking | MarlinPacking | CodeBookPacking;

/** Rows of the matrix as f32. */
export function readGrouped(
  files: InputFiles,
  packing: GroupedPacking,
  rows: RowsToRead,
): Float32Array {
  return weightsOf(groupedRows(files, packing, rows));
}

/** Rows of the matrix as they are stored. */
export function groupedRows(
  files: InputFiles,
  packing: GroupedPacking,
  rows: RowsToRead,
): GroupedRows {
  switch (packing.kind) {
    case 'scaled':
      return readScaled(files, packing, rows);
    case 'sparse':
      return readSparse(files, packing, rows);
    case 'words':
      return readWords(files, packing, rows);
    case 'word-rows':
      return readWordRows(files, packing, rows);
    case 'marlin':
      return readMarlin(files, packing, rows);
    case 'code-book':
      return readCodeBook(files, packing, rows);
  }
}
