import type { Products } from './products.js';

/** Columns of a panel: its product is one call of the runtime. */
const PANEL = 1024;

/**
 * The lower triangle, diagonal included, of `xᵀ x [width, width]` for rows `x [n, width]`: how the inputs of a linear
 * go together. What is above the diagonal is not to be read.
 */
export async function gram(
  products: Products,
  x: Float32Array,
  width: number,
): Promise<Float32Array> {
  const sums = new Float32Array(width * width);
  for (let begin = 0; begin < width; begin += PANEL) {
    const end = Math.min(width, begin + PANEL);
    const columns = end - begin;
    const panel = new Float32Array((width - begin) * columns);
    await products.leftTransposed(
      { data: x, width, begin, end: width },
      { data: x, width, begin, end },
      panel,
    );
    for (let row = begin; row < width; row++) {
      const from = (row - begin) * columns;
      sums.set(panel.subarray(from, from + columns), row * width + begin);
    }
  }
  return sums;
}
