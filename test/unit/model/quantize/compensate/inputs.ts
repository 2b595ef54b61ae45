import { randomBits } from '../../../../../src/core/clock.js';

/** Uniform in ±½. */
export function uniform(seed: number): () => number {
  const next = randomBits(seed);
  return () => next() / 2 ** 32 - 0.5;
}

/** Rows `[n, width]` in which neighbouring columns have much in common. */
export function correlatedRows(n: number, width: number, seed: number): Float32Array {
  const next = uniform(seed);
  const rows = new Float32Array(n * width);
  let carried = 0;
  rows.forEach((_, at) => {
    carried = (at % width === 0 ? 0 : 0.9 * carried) + next();
    rows[at] = carried;
  });
  return rows;
}

export function randomWeights(count: number, seed: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => next() + next() + next());
}

/** `xᵀ x` in doubles, with `added` on its diagonal. */
export function sumsOf(x: Float32Array, width: number, added: number): Float64Array {
  const sums = new Float64Array(width * width);
  for (let row = 0; row < x.length; row += width) {
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) {
        const at = i * width + j;
        sums[at] = (sums[at] ?? 0) + (x[row + i] ?? 0) * (x[row + j] ?? 0);
      }
    }
  }
  for (let i = 0; i < width; i++) sums[i * width + i] = (sums[i * width + i] ?? 0) + added;
  return sums;
}
