import { hadamardBlocks, hartleyMatrix, powerOfTwoIn } from './hadamard.js';
import { randomBits } from './random.js';

/** An orthogonal matrix of one order, as plain data. */
export interface RotationSpec {
  readonly size: number;
  /** Seed of the random signs; null = none, which makes a power-of-two rotation plain Hadamard. */
  readonly seed: number | null;
}

/** Beyond this order the odd factor of a width stays unmixed: the dense product would cost too much. */
const ODD_FACTOR_MAX = 128;

/**
 * Multiplies every block of `spec.size` consecutive elements, a row vector, by `R`, in place.
 * `R = S · (Q ⊗ H)`: random signs, a Hartley matrix of the width's odd factor, a Hadamard matrix of
 * its power of two (QuaRot, arXiv 2404.00456): 576 = 9 · 64. `data.length` is a multiple of the size.
 */
export function rotateBlocks(data: Float32Array, spec: RotationSpec): void {
  if (data.length % spec.size !== 0) throw new Error('This is a bug: rotation of a part of a row.');
  if (spec.seed !== null) scaleColumns(data, randomSigns(spec.size, spec.seed));
  const power = powerOfTwoIn(spec.size);
  if (power > 1) hadamardBlocks(data, power);
  const odd = spec.size / power;
  if (odd > 1 && odd <= ODD_FACTOR_MAX) mixOddFactor(data, odd, power);
}

/** `[size] f32` of 1 and -1. */
export function randomSigns(size: number, seed: number): Float32Array {
  const next = randomBits(seed);
  return Float32Array.from({ length: size }, () => ((next() & 0x10000) === 0 ? 1 : -1));
}

/** Each row is `[odd, power]`: its `odd` slices are mixed by the Hartley matrix. */
function mixOddFactor(data: Float32Array, odd: number, power: number): void {
  const matrix = hartleyMatrix(odd);
  const width = odd * power;
  const mixed = new Float32Array(width);
  for (let row = 0; row < data.length; row += width) {
    mixed.fill(0);
    for (let from = 0; from < odd; from++) {
      const source = row + from * power;
      for (let to = 0; to < odd; to++) {
        const factor = matrix[from * odd + to] as number;
        const target = to * power;
        for (let i = 0; i < power; i++) {
          mixed[target + i] = (mixed[target + i] as number) + factor * (data[source + i] as number);
        }
      }
    }
    data.set(mixed, row);
  }
}

/** Multiplies the columns of rows `[n, factors.length]`, a norm's gain or signs, in place. */
export function scaleColumns(data: Float32Array, factors: Float32Array): void {
  const width = factors.length;
  for (let row = 0; row < data.length; row += width) {
    for (let i = 0; i < width; i++) {
      data[row + i] = (data[row + i] as number) * (factors[i] as number);
    }
  }
}
