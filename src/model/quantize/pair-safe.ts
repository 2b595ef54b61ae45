/** Largest sum of same-signed weights that one pair of rows may reach: 128 · 255 fits 16 bits. */
export const PAIR_SUM_MAX = 128;

/**
 * One scale per output column of `weights [rows, columns]` (`rows` = K) such that after rounding, in
 * each pair of rows `2k, 2k+1`, the positive weights of a column sum to at most 128 and the negative
 * ones to at least -128. AVX2's `vpmaddubsw` adds the two products with an 8-bit activation in signed
 * 16 bits: 255 · 128 = 32,640 cannot saturate. Dividing by 127 leaves room for two roundings of ½.
 * A column of zeros gets scale 1.
 */
export function pairSafeScales(weights: Float32Array, rows: number, columns: number): Float32Array {
  const largest = new Float32Array(columns);
  for (let k = 0; k < rows; k += 2) {
    const first = k * columns;
    // An odd last row is its own partner with weight zero: counting it twice would be stricter.
    const second = k + 1 < rows ? first + columns : -1;
    for (let n = 0; n < columns; n++) {
      const a = weights[first + n] as number;
      const b = second < 0 ? 0 : (weights[second + n] as number);
      const positive = (a > 0 ? a : 0) + (b > 0 ? b : 0);
      const negative = positive - a - b;
      const sum = positive > negative ? positive : negative;
      // Negated, so that NaN is kept and found later.
      if (!(sum <= (largest[n] as number))) largest[n] = sum;
    }
  }
  return largest.map((sum) => (sum === 0 ? 1 : sum / 127));
}

/** `[rows, columns] i8`: each weight over its column's scale, rounded to nearest. */
export function quantizeColumns(
  weights: Float32Array,
  scales: Float32Array,
  rows: number,
): Int8Array {
  const columns = scales.length;
  const inverse = scales.map((scale) => 1 / scale);
  const quantized = new Int8Array(rows * columns);
  for (let row = 0; row < rows * columns; row += columns) {
    for (let n = 0; n < columns; n++) {
      quantized[row + n] = Math.round((weights[row + n] as number) * (inverse[n] as number));
    }
  }
  return quantized;
}
