/** Rows and columns of a tile: two tiles of f32 stay in a core's first cache. */
const TILE = 32;

/** `[rows, columns]` row-major to `[columns, rows]`. */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row += TILE) {
    const rowEnd = Math.min(rows, row + TILE);
    for (let column = 0; column < columns; column += TILE) {
      const columnEnd = Math.min(columns, column + TILE);
      for (let c = column; c < columnEnd; c++) {
        for (let r = row; r < rowEnd; r++) {
          result[c * rows + r] = data[r * columns + c] as number;
        }
      }
    }
  }
  return result;
}
