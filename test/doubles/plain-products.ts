import type { Columns, Products } from '../../src/model/quantize/compensate/products.js';

/** Products by their definition, in doubles. */
export const PLAIN_PRODUCTS: Products = {
  leftTransposed(a, b, out) {
    const numRows = a.data.length / a.width;
    fill(out, a.end - a.begin, (i, j) => {
      let sum = 0;
      for (let row = 0; row < numRows; row++) sum += at(a, row, i) * at(b, row, j);
      return sum;
    });
    return Promise.resolve();
  },
  rightTransposed(a, b, out) {
    const columns = a.end - a.begin;
    fill(out, a.data.length / a.width, (i, j) => {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += at(a, i, k) * at(b, j, k);
      return sum;
    });
    return Promise.resolve();
  },
};

function at({ data, width, begin }: Columns, row: number, column: number): number {
  return data[row * width + begin + column] ?? NaN;
}

function fill(out: Float32Array, rows: number, value: (i: number, j: number) => number): void {
  const columns = out.length / rows;
  out.forEach((_, place) => {
    out[place] = value(Math.floor(place / columns), place % columns);
  });
}
