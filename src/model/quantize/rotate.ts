import { randomBits } from '../../core/clock.js';
import { hadamardBlocks, powerOfTwoIn } from './hadamard.js';
import { mixablePrimes, mixPrime } from './odd-factor.js';

/** An orthogonal matrix of one order, as plain data. */
export interface RotationSpec {
  readonly size: number;
  /** Seed of the random signs; null = none, which makes a power-of-two rotation plain Hadamard. */
  readonly seed: number | null;
}

/** Multiplies every block of so many consecutive elements as a rotation has columns, in place. */
export type Rotate = (data: Float32Array) => void;

/**
 * Multiplies every block of `spec.size` consecutive elements, a row vector, by `diag(gain) · R`, in
 * place. `R = S · (Q ⊗ H)` (QuaRot, arXiv 2404.00456): random signs, a small orthogonal matrix for
 * each odd prime of the width, a Hadamard matrix for its power of two: 576 = 3 · 3 · 64.
 * The data's length is a multiple of the size; what is small enough for a core's cache is fast.
 */
export function rotation(spec: RotationSpec, gain?: Float32Array): Rotate {
  const power = powerOfTwoIn(spec.size);
  const signs = spec.seed === null ? null : randomSigns(spec.size, spec.seed);
  const unit = 1 / Math.sqrt(power);
  const factors = Float32Array.from(
    { length: spec.size },
    (_, i) => unit * (signs?.[i] ?? 1) * (gain?.[i] ?? 1),
  );
  const primes = mixablePrimes(spec.size / power);
  return (data) => {
    if (data.length % spec.size !== 0)
      throw new Error('This is a bug: rotation of a part of a row.');
    scaleColumns(data, factors);
    hadamardBlocks(data, power);
    let step = power;
    for (const prime of primes) {
      mixPrime(data, prime, step);
      step *= prime;
    }
  };
}

/**
 * Whether each output of a rotation has a share of every input. Where a prime factor of the width is too large to be
 * mixed, what stands out in one input stands out in few outputs.
 */
export function mixesWholly(size: number): boolean {
  const mixed = mixablePrimes(size / powerOfTwoIn(size)).reduce((a, b) => a * b, 1);
  return mixed * powerOfTwoIn(size) === size;
}

/** `[size] f32` of 1 and -1. */
export function randomSigns(size: number, seed: number): Float32Array {
  const next = randomBits(seed);
  return Float32Array.from({ length: size }, () => ((next() & 0x10000) === 0 ? 1 : -1));
}

/** Multiplies the columns of rows `[n, factors.length]` in place. */
function scaleColumns(data: Float32Array, factors: Float32Array): void {
  const width = factors.length;
  for (let row = 0; row < data.length; row += width) {
    for (let i = 0; i < width; i++) {
      data[row + i] = (data[row + i] as number) * (factors[i] as number);
    }
  }
}
