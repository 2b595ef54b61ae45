/**
 * Multiplies every block of `size` consecutive elements by the Hadamard matrix of Sylvester's order
 * (entries ±1, symmetric), in place. `size` is a power of two; nothing is normalised.
 */
export function hadamardBlocks(data: Float32Array, size: number): void {
  let step = 1;
  for (; step * 8 <= size; step *= 8) radix8(data, step);
  if (step * 4 <= size) {
    radix4(data, step);
    step *= 4;
  }
  if (step < size) radix2(data, step);
}

/** One butterfly stage: pairs at distance `step`. */
function radix2(data: Float32Array, step: number): void {
  for (let block = 0; block < data.length; block += 2 * step) {
    for (let i = block; i < block + step; i++) {
      const a = at(data, i);
      const b = at(data, i + step);
      data[i] = a + b;
      data[i + step] = a - b;
    }
  }
}

/** Two stages in one pass over memory: distances `step` and `2 * step`. */
function radix4(data: Float32Array, step: number): void {
  for (let block = 0; block < data.length; block += 4 * step) {
    for (let i = block; i < block + step; i++) quad(data, i, step);
  }
}

/** Three stages in one pass: distances `step`, `2 * step` and `4 * step`. */
function radix8(data: Float32Array, step: number): void {
  const half = 4 * step;
  for (let block = 0; block < data.length; block += 2 * half) {
    for (let i = block; i < block + step; i++) {
      quad(data, i, step);
      quad(data, i + half, step);
      for (let j = i; j < i + half; j += step) {
        const a = at(data, j);
        const b = at(data, j + half);
        data[j] = a + b;
        data[j + half] = a - b;
      }
    }
  }
}

/** The order-4 matrix on four elements `step` apart. */
function quad(data: Float32Array, i: number, step: number): void {
  const a = at(data, i);
  const b = at(data, i + step);
  const c = at(data, i + 2 * step);
  const d = at(data, i + 3 * step);
  const sum = a + b;
  const difference = a - b;
  const sum2 = c + d;
  const difference2 = c - d;
  data[i] = sum + sum2;
  data[i + step] = difference + difference2;
  data[i + 2 * step] = sum - sum2;
  data[i + 3 * step] = difference - difference2;
}

/** Largest power of two that divides `size`. */
export function powerOfTwoIn(size: number): number {
  return size & -size;
}

/** An element of an array whose bounds the caller's loop keeps. */
function at(data: Float32Array, i: number): number {
  return data[i] as number;
}
