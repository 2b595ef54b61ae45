/** Largest sum of same-signed weights that one pair of rows may reach: 128 · 255 fits 16 bits. */
export const PAIR_SUM_MAX = 128;

/**
 * One scale per output column of `weights [rows, columns]` (`rows` = K) such that after rounding, in
 * each pair of rows `2k, 2k+1`, the positive weights of a column sum to at most 128 and the negative
 * ones to at least -128. AVX2's `vpmaddubsw` adds the two products with an 8-bit activation in signed
 * 16 bits: 255 · 128 = 32,640 cannot saturate. Dividing by 127 leaves room for two roundings of ½.
 * A column of zeros gets scale 1. `weights` are finite.
 */
export function pairSafeScales(weights: Float32Array, rows: number, columns: number): Float32Array {
  const largest = new Float32Array(columns);
  for (let k = 0; k < rows; k += 2) {
    const first = k * columns;
    const second = k + 1 < rows ? first + columns : first;
    for (let n = 0; n < columns; n++) {
      const a = weights[first + n] as number;
      // An odd last row has no partner.
      const b = second === first ? 0 : (weights[second + n] as number);
      // Same signs: |a + b| is their sum. Opposite signs: each stands alone, and |a + b| is less.
      const pair = Math.max(Math.abs(a + b), Math.abs(a), Math.abs(b));
      if (pair > (largest[n] as number)) largest[n] = pair;
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
      // Truncating a positive number is faster than Math.round, and the same.
      const shifted = (weights[row + n] as number) * (inverse[n] as number) + 128.5;
      quantized[row + n] = (shifted | 0) - 128;
    }
  }
  return quantized;
}
