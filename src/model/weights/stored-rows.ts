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
  type RunOrder,
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
  if (packing.kind === 'given') {
    const width = rowLength(source);
    return Float32Array.from(packing.values.slice(begin * width, end * width));
  }
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
  return readBytes(files, source, source.dtype, { ...rows, width: rowLength(source) });
}

function readBlocks(
  files: InputFiles,
  source: StoredTensor,
  packing: BlockPacking,
  rows: Rows,
): Float32Array {
  const { encoding, pairedRows, plus, isLogOfNegative = false, rowRuns, columnRuns } = packing;
  const { turnedColumns } = packing;
  const width = rowLength(source);
  const rowsOf = (range: Rows, rowWidth: number): Float32Array =>
    unpack(readBytes(files, source, encoding, { ...range, width: rowWidth }), encoding);
  const plain = (range: Rows): Float32Array => rowsOf(range, width);
  if (turnedColumns !== undefined) return turnedRows(rowsOf, rows, turnedColumns, width);
  const read = (range: Rows): Float32Array =>
    rowRuns === undefined ? plain(range) : rowsOfRuns(plain, range, rowRuns, width);
  const values = pairedRows === null ? read(rows) : pairedRowsOf(read, rows, pairedRows, width);
  if (plus !== 0) {
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) + plus;
  }
  if (isLogOfNegative) {
    for (let i = 0; i < values.length; i++) values[i] = Math.log(-(values[i] as number));
  }
  return columnRuns === undefined ? values : columnsOfRuns(values, columnRuns, width);
}

/** Rows of matrices that are stored as `[width, size]` behind each other. */
function turnedRows(
  read: (range: Rows, rowWidth: number) => Float32Array,
  { begin, end }: Rows,
  size: number,
  width: number,
): Float32Array {
  const rows = new Float32Array((end - begin) * width);
  const first = Math.floor(begin / size);
  for (let matrix = first; matrix * size < end; matrix++) {
    const turned = read({ begin: matrix * width, end: (matrix + 1) * width }, size);
    const [from, to] = [Math.max(begin, matrix * size), Math.min(end, (matrix + 1) * size)];
    for (let row = from; row < to; row++) {
      for (let i = 0; i < width; i++) {
        rows[(row - begin) * width + i] = turned[i * size + (row % size)] as number;
      }
    }
  }
  return rows;
}

/** Rows that are stored in runs of another order. */
function rowsOfRuns(
  read: (range: Rows) => Float32Array,
  { begin, end }: Rows,
  { run, order }: RunOrder,
  width: number,
): Float32Array {
  const rows = new Float32Array((end - begin) * width);
  for (let row = begin; row < end;) {
    const index = Math.floor(row / run);
    const next = Math.min(end, (index + 1) * run);
    const shift = ((order[index] as number) - index) * run;
    rows.set(read({ begin: row + shift, end: next + shift }), (row - begin) * width);
    row = next;
  }
  return rows;
}

/** Rows of `width` numbers, each with its runs in order. */
function columnsOfRuns(
  values: Float32Array,
  { run, order }: RunOrder,
  width: number,
): Float32Array {
  const ordered = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += width) {
    for (const [index, from] of order.entries()) {
      const first = at + from * run;
      ordered.set(values.subarray(first, first + run), at + index * run);
    }
  }
  return ordered;
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
  { begin, end, width }: Rows & { readonly width: number },
): Uint8Array {
  const rowBytes = packedBytes(encoding, width);
  const bytes = new Uint8Array((end - begin) * rowBytes);
  files.read(source, begin * rowBytes, bytes);
  return bytes;
}
