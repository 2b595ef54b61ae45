/**
 * Multiplies every block of `size` consecutive elements by the normalised Hadamard matrix of
 * Sylvester's order (symmetric, its own inverse), in place. `size` is a power of two.
 */
export function hadamardBlocks(data: Float32Array, size: number): void {
  let half = 1;
  for (; half * 4 <= size; half *= 4) radix4(data, half);
  if (half < size) radix2(data, half);
  const factor = 1 / Math.sqrt(size);
  for (let i = 0; i < data.length; i++) data[i] = at(data, i) * factor;
}

/** One butterfly stage: pairs at distance `half`. */
function radix2(data: Float32Array, half: number): void {
  for (let block = 0; block < data.length; block += 2 * half) {
    for (let i = block; i < block + half; i++) {
      const a = at(data, i);
      const b = at(data, i + half);
      data[i] = a + b;
      data[i + half] = a - b;
    }
  }
}

/** Two stages in one pass over memory: distances `step` and `2 * step`. */
function radix4(data: Float32Array, step: number): void {
  for (let block = 0; block < data.length; block += 4 * step) {
    for (let i = block; i < block + step; i++) {
      const a = at(data, i);
      const b = at(data, i + step);
      const c = at(data, i + 2 * step);
      const d = at(data, i + 3 * step);
      data[i] = a + b + (c + d);
      data[i + step] = a - b + (c - d);
      data[i + 2 * step] = a + b - (c + d);
      data[i + 3 * step] = a - b - (c - d);
    }
  }
}

/**
 * The discrete Hartley matrix of order `m`, `[m, m]` row-major: `cas(2πij/m) / √m`. Orthogonal and
 * symmetric, with entries of nearly one size: what a Hadamard matrix is for orders that have none.
 */
export function hartleyMatrix(m: number): Float32Array {
  const matrix = new Float32Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      const angle = (2 * Math.PI * ((i * j) % m)) / m;
      matrix[i * m + j] = (Math.cos(angle) + Math.sin(angle)) / Math.sqrt(m);
    }
  }
  return matrix;
}

/** Largest power of two that divides `size`. */
export function powerOfTwoIn(size: number): number {
  return size & -size;
}

/** An element of an array whose bounds the caller's loop keeps. */
function at(data: Float32Array, i: number): number {
  return data[i] as number;
}
