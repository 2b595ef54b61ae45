import type { Lines, StoredTensor, ViewPacking } from './packing.js';
import type { TensorView } from './tensor-view.js';

/** Whether the view is rows of the matrix that follow each other. */
export function isRange({
  along,
  lines,
  isUnit = false,
}: Pick<TensorView, 'along' | 'lines' | 'isUnit'>): boolean {
  return !isUnit && along === 'rows' && lines.run === lines.stride && lines.order === null;
}

interface RowsToRead {
  readonly begin: number;
  readonly end: number;
  readonly columns: number;
}

/** Numbers of a tile of the matrix whose columns are looked at. */
const TILE_ELEMENTS = 1 << 20;

/** Gives rows `[begin, end)` of a tensor as f32. */
type ReadRows = (tensor: StoredTensor, begin: number, end: number) => Float32Array;

/** Rows of the view as f32. */
export function readView(read: ReadRows, view: ViewPacking, rows: RowsToRead): Float32Array {
  const values = view.along === 'rows' ? readRuns(read, view, rows) : readColumns(read, view, rows);
  if (view.isUnit === true) divideByLength(values, rows.columns);
  return values;
}

/** Each row by its own. */
function divideByLength(values: Float32Array, columns: number): void {
  for (let at = 0; at < values.length; at += columns) {
    const row = values.subarray(at, at + columns);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    row.forEach((value, i) => (row[i] = value / Math.max(length, 1e-12)));
  }
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
function readRuns(read: ReadRows, { of, lines }: ViewPacking, rows: RowsToRead): Float32Array {
  const { run, order } = lines;
  const { columns } = rows;
  const values = new Float32Array((rows.end - rows.begin) * columns);
  for (const { begin, end, line } of runsOf(lines, rows.begin, rows.end)) {
    const at = (begin - rows.begin) * columns;
    if (order === null) {
      const inRun = begin % run;
      values.set(read(of, line + inRun, line + inRun + end - begin), at);
      continue;
    }
    const whole = read(of, line, line + run);
    for (let row = begin; row < end; row++) {
      const from = (order[row % run] as number) * columns;
      values.set(whole.subarray(from, from + columns), (row - rows.begin) * columns);
    }
  }
  return values;
}

function readColumns(
  read: ReadRows,
  { of, lines, first }: ViewPacking,
  { begin, end, columns }: RowsToRead,
): Float32Array {
  const values = new Float32Array((end - begin) * columns);
  const width = of.shape[1] ?? 1;
  const step = Math.max(1, Math.floor(TILE_ELEMENTS / width));
  for (let at = 0; at < columns; at += step) {
    const count = Math.min(step, columns - at);
    const tile = read(of, first + at, first + at + count);
    for (let row = begin; row < end; row++) {
      const line = lineOf(lines, row);
      for (let i = 0; i < count; i++) {
        values[(row - begin) * columns + at + i] = tile[i * width + line] as number;
      }
    }
  }
  return values;
}

/** Row `row` of a view: which line of its matrix that is. */
export function lineOf({ begin, run, stride, order }: Lines, row: number): number {
  const inRun = row % run;
  return begin + Math.floor(row / run) * stride + (order?.[inRun] ?? inRun);
}
