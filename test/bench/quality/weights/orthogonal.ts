import { seededRandom, type Random } from '../../../../src/core/clock.js';

/** `[size, size] f64`, row-major. */
export interface Square {
  readonly size: number;
  readonly values: Float64Array;
}

/** A random orthogonal matrix: the rows of a normal one, each made orthogonal to those before. */
export function randomOrthogonal(size: number, seed: number): Square {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: size * size }, () => normal(random));
  const row = (i: number) => values.subarray(i * size, (i + 1) * size);
  for (let i = 0; i < size; i++) {
    // Twice is enough (Giraud, Langou: The loss of orthogonality in the Gram-Schmidt process).
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) addScaled(row(i), row(j), -dot(row(i), row(j)));
    }
    const scale = 1 / Math.sqrt(dot(row(i), row(i)));
    for (let k = 0; k < size; k++) values[i * size + k] = scale * (values[i * size + k] as number);
  }
  return { size, values };
}

export function transposed({ size, values }: Square): Square {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) result[j * size + i] = values[i * size + j] as number;
  }
  return { size, values: result };
}

/** Rows `[n, size]` times the matrix, summed in f64; a new array. */
export function timesSquare(rows: Float32Array, { size, values }: Square): Float32Array {
  const result = new Float32Array(rows.length);
  const sums = new Float64Array(size);
  for (let at = 0; at < rows.length; at += size) {
    sums.fill(0);
    for (let k = 0; k < size; k++) {
      addScaled(sums, values.subarray(k * size, (k + 1) * size), rows[at + k] as number);
    }
    result.set(sums, at);
  }
  return result;
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) {
    target[i] = (target[i] as number) + scale * (source[i] as number);
  }
}
