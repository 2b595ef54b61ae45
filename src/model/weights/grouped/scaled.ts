import { evenGroups, type GroupedRows } from './grouped-rows.js';
import type { RowsToRead } from './layout.js';
import { floatsOf, partRows, type StoredPart } from './part.js';
import { BYTE_VALUES, type ByteEncoding } from './bytes.js';
import type { InputFiles } from '../input-files.js';

/** A byte for each number, in its place, and a scale for each block of the matrix. */
export interface ScaledPacking {
  readonly kind: 'scaled';
  readonly encoding: ByteEncoding;
  /** Rows and columns of a block; those at the edges may have fewer. */
  readonly block: readonly [rows: number, columns: number];
  readonly parts: {
    /** `[out, in]`. */
    readonly codes: StoredPart;
    /** Floats, one for each block: `[ceil(out / rows), ceil(in / columns)]` or the same count in another shape. */
    readonly scales: StoredPart;
  };
}

export function readScaled(
  files: InputFiles,
  { encoding, block, parts }: ScaledPacking,
  { begin, end, columns }: RowsToRead,
): GroupedRows {
  const bytes = partRows(files, parts.codes, { begin, end });
  const values = BYTE_VALUES[encoding];
  const codes = Float32Array.from(bytes, (byte) => values[byte] as number);
  const [blockRows, blockColumns] = block;
  const groups = Math.ceil(columns / blockColumns);
  const all = new Uint8Array(parts.scales.byteLength);
  files.read(parts.scales, 0, all);
  const stored = floatsOf(parts.scales, all);
  const scales = new Float32Array((end - begin) * groups);
  for (let row = begin; row < end; row++) {
    const at = Math.floor(row / blockRows) * groups;
    scales.set(stored.subarray(at, at + groups), (row - begin) * groups);
  }
  return { codes, scales, zeros: null, groupOf: evenGroups(columns, blockColumns) };
}
