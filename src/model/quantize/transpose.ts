/** Rows and columns of a tile: two tiles of f32 stay in a core's first cache. */
const TILE = 32;

/** Where rows of a matrix go that lie as columns in another. */
export interface ColumnsOf {
  /** Row-major; its rows have `width` elements. */
  readonly target: Float32Array;
  readonly width: number;
  /** Column that the first row becomes. */
  readonly first: number;
}

/** `[rows, columns]` row-major to `[columns, rows]`. */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const target = new Float32Array(data.length);
  transposeInto(data, columns, { target, width: rows, first: 0 });
  return target;
}

/** Puts rows of `columns` elements as columns side by side into another matrix. */
export function transposeInto(
  data: Float32Array,
  columns: number,
  { target, width, first }: ColumnsOf,
): void {
  const rows = data.length / columns;
  for (let row = 0; row < rows; row += TILE) {
    const rowEnd = Math.min(rows, row + TILE);
    for (let column = 0; column < columns; column += TILE) {
      const columnEnd = Math.min(columns, column + TILE);
      for (let c = column; c < columnEnd; c++) {
        for (let r = row; r < rowEnd; r++) {
          target[c * width + first + r] = data[r * columns + c] as number;
        }
      }
    }
  }
}
