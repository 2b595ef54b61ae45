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

/**
 * Row r of the view is the line that is `order[r % run]` behind `begin + floor(r / run) * stride`; order null = `r % run`.
 */
export interface Lines {
  readonly begin: number;
  readonly run: number;
  readonly stride: number;
  /** A permutation of `[0, run)`. */
  readonly order: readonly number[] | null;
}

/** Whether the view is rows of the matrix that follow each other. */
export function isRange({ along, lines }: Pick<ViewPacking, 'along' | 'lines'>): boolean {
  return along === 'rows' && lines.run === lines.stride && lines.order === null;
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

/** Half-open ranges of rows of a view that lie in one run, and the run's first line. */
export function* runsOf(
  { begin: first, run, stride }: Lines,
  begin: number,
  end: number,
): Generator<{ readonly begin: number; readonly end: number; readonly line: number }> {
  for (let row = begin; row < end;) {
    const index = Math.floor(row / run);
    const next = Math.min(end, (index + 1) * run);
    yield { begin: row, end: next, line: first + index * stride };
    row = next;
  }
}

/** Rows of a run that lie side by side are read together, one whose order is another as a whole. */
function readRuns(files: InputFiles, { of, lines }: ViewPacking, rows: RowsToRead): Float32Array {
  const { run, order } = lines;
  const { columns } = rows;
  const values = new Float32Array((rows.end - rows.begin) * columns);
  for (const { begin, end, line } of runsOf(lines, rows.begin, rows.end)) {
    const at = (begin - rows.begin) * columns;
    if (order === null) {
      const inRun = begin % run;
      values.set(readFloats(files, of, line + inRun, line + inRun + end - begin), at);
      continue;
    }
    const whole = readFloats(files, of, line, line + run);
    for (let row = begin; row < end; row++) {
      const from = (order[row % run] as number) * columns;
      values.set(whole.subarray(from, from + columns), (row - rows.begin) * columns);
    }
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

function lineOf({ begin, run, stride, order }: Lines, row: number): number {
  const inRun = row % run;
  return begin + Math.floor(row / run) * stride + (order?.[inRun] ?? inRun);
}
