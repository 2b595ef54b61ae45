/** Rows `[begin, end)` of a matrix of `columns` columns. */
export interface RowsToRead {
  readonly begin: number;
  readonly end: number;
  readonly columns: number;
}
