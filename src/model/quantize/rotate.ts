import { randomBits } from '../../core/clock.js';
import { hadamardBlocks, powerOfTwoIn } from './hadamard.js';
import { mixablePrimes, mixPrime } from './odd-factor.js';

/** An orthogonal matrix of one order, as plain data. */
export interface RotationSpec {
  readonly size: number;
  /** Seed of the random signs; null = none, which makes a power-of-two rotation plain Hadamard. */
  readonly seed: number | null;
}

/**
 * Multiplies every block of `spec.size` consecutive elements, a row vector, by `diag(gain) · R`, in
 * place. `R = S · (Q ⊗ H)` (QuaRot, arXiv 2404.00456): random signs, a small orthogonal matrix for
 * each odd prime of the width, a Hadamard matrix for its power of two: 576 = 3 · 3 · 64.
 * `data.length` is a multiple of the size.
 */
export function rotateBlocks(data: Float32Array, spec: RotationSpec, gain?: Float32Array): void {
  if (data.length % spec.size !== 0) throw new Error('This is a bug: rotation of a part of a row.');
  const power = powerOfTwoIn(spec.size);
  const signs = spec.seed === null ? null : randomSigns(spec.size, spec.seed);
  const unit = 1 / Math.sqrt(power);
  scaleColumns(
    data,
    Float32Array.from({ length: spec.size }, (_, i) => unit * (signs?.[i] ?? 1) * (gain?.[i] ?? 1)),
  );
  hadamardBlocks(data, power);
  let step = power;
  for (const prime of mixablePrimes(spec.size / power)) {
    mixPrime(data, prime, step);
    step *= prime;
  }
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
