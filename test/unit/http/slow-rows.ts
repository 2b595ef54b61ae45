/** Lazy rows that are large by the time they take, on a machine of any speed. */

import { LazyRows } from '../../../src/http/large-json.js';

/** Four of these, which are one piece, are more than the milliseconds of a turn. */
const ROW_MS = 2;
/** Values that are said to be in a row: a few rows are worth making in pieces. */
const ROW_VALUES = 4096;

/** @returns the rows 0, 1, … `numRows` - 1, each of which keeps the thread busy for two milliseconds */
export function slowRows(numRows: number): LazyRows<number> {
  const rows = Array.from({ length: numRows }, (_, i) => i);
  return new LazyRows(rows, burn, ROW_VALUES);
}

function burn(row: number): number[] {
  const startMs = performance.now();
  while (performance.now() - startMs < ROW_MS);
  return [row];
}
