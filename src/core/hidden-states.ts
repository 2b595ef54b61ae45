/**
 * Which final hidden states a request wants to see: `full` = of every row of prompt and answer, `last` = of the row
 * that its last token was drawn from. Also the most that a server gives out.
 */
export type HiddenStatesMode = 'full' | 'last';

/** Final hidden states, after the last norm, of consecutive rows of one request. */
export interface HiddenRows {
  /** KV row of the first: prompt tokens and outputs, counted together. */
  readonly position: number;
  readonly numRows: number;
  /** `[numRows, hiddenSize]`; its buffer is transferred, and may hold more. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** The first row that such a request must have computed, and shown to it. */
export function firstHiddenRow(mode: HiddenStatesMode | null, promptLen: number): number {
  if (mode === null) return Infinity;
  return mode === 'full' ? 0 : promptLen - 1;
}

/** The rows from `position` on; null when there are none. */
export function hiddenRowsFrom(rows: HiddenRows, position: number): HiddenRows | null {
  const numBefore = Math.max(0, position - rows.position);
  if (numBefore >= rows.numRows) return null;
  const width = rows.values.length / rows.numRows;
  return {
    position: rows.position + numBefore,
    numRows: rows.numRows - numBefore,
    values: rows.values.subarray(numBefore * width),
  };
}
