import { BLOCK_TYPES } from './blocks/registry.js';
import { decodeFloats } from './floats.js';
import { readGrouped } from './grouped/registry.js';
import type { InputFiles } from './input-files.js';
import { readView } from './view.js';
import {
  isBlocks,
  packedBytes,
  pairedRow,
  type BlockPacking,
  type StoredTensor,
} from './packing.js';

/** Half-open range of rows. */
interface Rows {
  readonly begin: number;
  readonly end: number;
}

/** Elements of one row: everything but the first dimension. */
export function rowLength(source: Pick<StoredTensor, 'shape'>): number {
  return source.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Rows `[begin, end)` of a tensor as f32. */
export function readFloats(
  files: InputFiles,
  source: StoredTensor,
  begin: number,
  end: number,
): Float32Array {
  const { packing, dtype } = source;
  if (packing === null) return decodeFloats(readRows(files, source, { begin, end }), dtype);
  if (packing.kind === 'blocks') return readBlocks(files, source, packing, { begin, end });
  if (packing.kind === 'view') {
    return readView((of, from, to) => readFloats(files, of, from, to), packing, {
      begin,
      end,
      columns: rowLength(source),
    });
  }
  return readGrouped(files, packing, { begin, end, columns: rowLength(source) });
}

/** Rows of a tensor whose bytes are its numbers, as they are stored. */
export function readRows(files: InputFiles, source: StoredTensor, rows: Rows): Uint8Array {
  return readBytes(files, source, source.dtype, rows);
}

function readBlocks(
  files: InputFiles,
  source: StoredTensor,
  packing: BlockPacking,
  rows: Rows,
): Float32Array {
  const { encoding, pairedRows, plus } = packing;
  const read = (range: Rows): Float32Array =>
    unpack(readBytes(files, source, encoding, range), encoding);
  const values =
    pairedRows === null ? read(rows) : pairedRowsOf(read, rows, pairedRows, rowLength(source));
  if (plus !== 0) {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + plus;
  }
  return values;
}

/** Rows of heads of `size` rows whose partners lie next to each other: whole heads are read. */
function pairedRowsOf(
  read: (range: Rows) => Float32Array,
  { begin, end }: Rows,
  size: number,
  width: number,
): Float32Array {
  const first = Math.floor(begin / size) * size;
  const stored = read({ begin: first, end: Math.ceil(end / size) * size });
  const rows = new Float32Array((end - begin) * width);
  for (let row = begin; row < end; row++) {
    const at = (pairedRow(row, size) - first) * width;
    rows.set(stored.subarray(at, at + width), (row - begin) * width);
  }
  return rows;
}

function unpack(bytes: Uint8Array, encoding: BlockPacking['encoding']): Float32Array {
  if (!isBlocks(encoding)) return decodeFloats(bytes, encoding);
  const type = BLOCK_TYPES[encoding];
  const values = new Float32Array((bytes.length / type.bytes) * type.elements);
  type.decode(bytes, values);
  return values;
}

function readBytes(
  files: InputFiles,
  source: StoredTensor,
  encoding: BlockPacking['encoding'],
  { begin, end }: Rows,
): Uint8Array {
  const rowBytes = packedBytes(encoding, rowLength(source));
  const bytes = new Uint8Array((end - begin) * rowBytes);
  files.read(source, begin * rowBytes, bytes);
  return bytes;
}
