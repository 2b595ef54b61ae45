import type { InputFiles } from './input-files.js';
import { readFloats, rowLength, type StoredTensor } from './stored-rows.js';

/** Numbers that lie among those of another tensor, which is taken as a matrix of its rows. Plain data: jobs carry it. */
export interface ViewPacking {
  readonly kind: 'view';
  readonly of: StoredTensor;
  readonly lines: Lines;
  /** Lines are rows of the matrix, or its columns from row `first` on. */
  readonly along: 'rows' | 'columns';
  readonly first: number;
}

/** Row r of the view is line `begin + floor(r / run) * stride + r % run`. */
export interface Lines {
  readonly begin: number;
  readonly run: number;
  readonly stride: number;
}

/** Whether the view is rows of the matrix that follow each other. */
export function isRange({ along, lines }: Pick<ViewPacking, 'along' | 'lines'>): boolean {
  return along === 'rows' && lines.run === lines.stride;
}

interface RowsToRead {
  readonly begin: number;
  readonly end: number;
  readonly columns: number;
}

/** Numbers of a tile of the matrix whose columns are looked at. */
const TILE_ELEMENTS = 1 << 20;

/** Rows of the view as f32. */
export function readView(files: InputFiles, view: ViewPacking, rows: RowsToRead): Float32Array {
  return view.along === 'rows' ? readRuns(files, view, rows) : readColumns(files, view, rows);
}

/** Rows that follow each other in the matrix are read together. */
function readRuns(
  files: InputFiles,
  { of, lines }: ViewPacking,
  { begin, end, columns }: RowsToRead,
): Float32Array {
  const values = new Float32Array((end - begin) * columns);
  for (let row = begin; row < end;) {
    const count = Math.min(lines.run - (row % lines.run), end - row);
    const line = lineOf(lines, row);
    values.set(readFloats(files, of, line, line + count), (row - begin) * columns);
    row += count;
  }
  return values;
}

function readColumns(
  files: InputFiles,
  { of, lines, first }: ViewPacking,
  { begin, end, columns }: RowsToRead,
): Float32Array {
  const values = new Float32Array((end - begin) * columns);
  const width = rowLength(of);
  const step = Math.max(1, Math.floor(TILE_ELEMENTS / width));
  for (let at = 0; at < columns; at += step) {
    const count = Math.min(step, columns - at);
    const tile = readFloats(files, of, first + at, first + at + count);
    for (let row = begin; row < end; row++) {
      const line = lineOf(lines, row);
      for (let i = 0; i < count; i++) {
        values[(row - begin) * columns + at + i] = tile[i * width + line] as number;
      }
    }
  }
  return values;
}

function lineOf({ begin, run, stride }: Lines, row: number): number {
  return begin + Math.floor(row / run) * stride + (row % run);
}
