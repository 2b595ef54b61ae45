/** Largest sum of same-signed weights that one pair of rows may reach: 128 · 255 fits 16 bits. */
export const PAIR_SUM_MAX = 128;

/**
 * Raises `largest [columns]` to what a pair of rows `pair [2, columns]` of a weight `[in, out]` adds up to; the last
 * row of an odd number stands alone. The weights are finite.
 */
export function widenByPair(largest: Float32Array, pair: Float32Array): void {
  const columns = largest.length;
  const isPair = pair.length > columns;
  for (let n = 0; n < columns; n++) {
    const a = pair[n] as number;
    const b = isPair ? (pair[columns + n] as number) : 0;
    // Same signs: |a + b| is their sum. Opposite signs: each stands alone, and |a + b| is less.
    const sum = Math.max(Math.abs(a + b), Math.abs(a), Math.abs(b));
    if (sum > (largest[n] as number)) largest[n] = sum;
  }
}

/** Raises `largest [columns]` to the magnitudes of rows `[.., columns]`, for kernels whose sums are whole. */
export function widenByEach(largest: Float32Array, rows: Float32Array): void {
  const columns = largest.length;
  for (let row = 0; row < rows.length; row += columns) {
    for (let n = 0; n < columns; n++) {
      const size = Math.abs(rows[row + n] as number);
      if (size > (largest[n] as number)) largest[n] = size;
    }
  }
}

/**
 * One scale per output column of a weight `[in, out]` from what its rows widened `largest` to. Of pairs: after rounding,
 * in each pair of rows `2k, 2k+1`, the positive weights of a column sum to at most 128 and the negative ones to at least
 * -128. AVX2's `vpmaddubsw` adds the two products with an 8-bit activation in signed 16 bits: 255 · 128 = 32,640 cannot
 * saturate. Dividing by 127 leaves room for two roundings of ½. A column of zeros gets scale 1.
 */
export function columnScales(largest: Float32Array): Float32Array {
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
