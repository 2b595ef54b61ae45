import type { InputFiles } from '../input-files.js';
import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partRows, type StoredPart } from './part.js';
import { codesOfColumns, wordFields, wordsOf } from './word-fields.js';

/** Codes of a few bits in words of 32, stored with the outputs first, their zeros too. Rows may be longer than they need. */
export interface WordRowsPacking {
  readonly kind: 'word-rows';
  readonly bits: number;
  /** Inputs of a group, one behind the other. */
  readonly groupSize: number;
  readonly parts: {
    /** `[out, in * bits / 32]` words. */
    readonly codes: StoredPart;
    /** `[out, ≥ groups * bits / 32]` words. */
    readonly zeros: StoredPart;
    /** `[out, ≥ groups]` floats. */
    readonly scales: StoredPart;
  };
}

export function readWordRows(
  files: InputFiles,
  { bits, groupSize, parts }: WordRowsPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const fields = wordFields('stream', bits);
  const codesOf = (part: StoredPart): Float32Array =>
    codesOfColumns(wordsOf(partRows(files, part, { begin, end })), 1, fields);
  const scales = floatsOf(parts.scales, partRows(files, parts.scales, { begin, end }));
  const groups = Math.ceil(columns / groupSize);
  return {
    codes: codesOf(parts.codes),
    scales: firstOfRows(scales, end - begin, groups),
    zeros: firstOfRows(codesOf(parts.zeros), end - begin, groups),
    groupOf: evenGroups(columns, groupSize),
  };
}

function firstOfRows(values: Float32Array, rows: number, count: number): Float32Array {
  const width = values.length / rows;
  const first = new Float32Array(rows * count);
  for (let row = 0; row < rows; row++) {
    first.set(values.subarray(row * width, row * width + count), row * count);
  }
  return first;
}
