/** From the final hidden states of a run to what a step says of its requests. */
import type { RoutedRow } from '../routing-record.js';
import type { StepOutput } from './step-output.js';

/** A row whose hidden state was fetched. */
type SeenRow = Pick<RoutedRow, 'planRow' | 'position'>;

/** Consecutive rows of one request; `hidden [rows.length, hiddenSize]` is given away as it is. */
export function addPrefillHidden(
  rows: readonly SeenRow[],
  hidden: Float32Array<ArrayBuffer>,
  output: Pick<StepOutput, 'addHidden'>,
): void {
  const [first] = rows;
  if (first === undefined) return;
  const { planRow, position } = first;
  output.addHidden({ planRow, position, numRows: rows.length, values: hidden });
}

/** One row of each request, null where it is as though it had never run: each gets a buffer of its own. */
export function addDecodeHidden(
  rows: readonly (SeenRow | null)[],
  hidden: Float32Array<ArrayBuffer>,
  output: Pick<StepOutput, 'addHidden'>,
): void {
  const width = hidden.length / rows.length;
  for (const [i, row] of rows.entries()) {
    if (row === null) continue;
    const values = hidden.slice(i * width, (i + 1) * width);
    output.addHidden({ ...row, numRows: 1, values });
  }
}
