/** Columns `[begin, end)` of a row-major f32 matrix whose rows have `width` elements. */
export interface Columns {
  readonly data: Float32Array;
  readonly width: number;
  readonly begin: number;
  readonly end: number;
}

/** Products of large matrices, which JavaScript has no instructions for. */
export interface Products {
  /** `aᵀ b`: `[columns of a, columns of b]` into `out`. Both have as many rows. */
  leftTransposed(a: Columns, b: Columns, out: Float32Array): Promise<void>;
  /** `a bᵀ`: `[rows of a, rows of b]` into `out`. Both have as many columns. */
  rightTransposed(a: Columns, b: Columns, out: Float32Array): Promise<void>;
}

/** All columns. */
export function wholeMatrix(data: Float32Array, width: number): Columns {
  return { data, width, begin: 0, end: width };
}
