/** Primes up to here are mixed; a larger factor of a width stays unmixed, which is still a rotation. */
const PRIME_MAX = 61;

/** Prime factors of an odd number, smallest first, without those that are too large to mix. */
export function mixablePrimes(odd: number): number[] {
  const primes: number[] = [];
  let rest = odd;
  for (let prime = 3; prime <= PRIME_MAX; prime += 2) {
    for (; rest % prime === 0; rest /= prime) primes.push(prime);
  }
  return primes;
}

/**
 * Multiplies each group of `prime` elements that lie `step` apart by an orthogonal, symmetric matrix
 * of that order whose entries are as equal as can be, in place; `data.length` is a multiple of
 * `prime * step`.
 */
export function mixPrime(data: Float32Array, prime: number, step: number): void {
  if (prime === 3) mixThree(data, step);
  else mixHartley(data, prime, step);
}

/** The Householder reflection `I - 2/3 J`: entries of 1/3 and 2/3. */
function mixThree(data: Float32Array, step: number): void {
  for (let block = 0; block < data.length; block += 3 * step) {
    for (let i = block; i < block + step; i++) {
      const a = data[i] as number;
      const b = data[i + step] as number;
      const c = data[i + 2 * step] as number;
      const mean = (a + b + c) * (2 / 3);
      data[i] = a - mean;
      data[i + step] = b - mean;
      data[i + 2 * step] = c - mean;
    }
  }
}

/**
 * The discrete Hartley transform, `cas(2πjt/m) / √m`. Outputs `t` and `m - t` share their sums: the
 * even part of the input meets the cosines, the odd part the sines.
 */
function mixHartley(data: Float32Array, prime: number, step: number): void {
  const half = (prime - 1) / 2;
  const { cosines, sines } = hartleyTables(prime);
  const unit = 1 / Math.sqrt(prime);
  const even = new Float64Array(half);
  const odd = new Float64Array(half);
  for (let block = 0; block < data.length; block += prime * step) {
    for (let i = block; i < block + step; i++) {
      const end = i + prime * step;
      const first = (data[i] as number) * unit;
      let sum = first;
      for (let j = 0; j < half; j++) {
        const a = data[i + (j + 1) * step] as number;
        const b = data[end - (j + 1) * step] as number;
        even[j] = a + b;
        odd[j] = a - b;
        sum += (a + b) * unit;
      }
      data[i] = sum;
      for (let t = 0; t < half; t++) {
        let c = first;
        let s = 0;
        for (let j = 0; j < half; j++) {
          c += (even[j] as number) * (cosines[t * half + j] as number);
          s += (odd[j] as number) * (sines[t * half + j] as number);
        }
        data[i + (t + 1) * step] = c + s;
        data[end - (t + 1) * step] = c - s;
      }
    }
  }
}

/** `[half, half]` each, of the angles `2π(t+1)(j+1)/m`, normalised. */
function hartleyTables(m: number): { cosines: Float64Array; sines: Float64Array } {
  const half = (m - 1) / 2;
  const angles = Float64Array.from({ length: half * half }, (_, at) => {
    const t = Math.floor(at / half) + 1;
    const j = (at % half) + 1;
    return (2 * Math.PI * ((t * j) % m)) / m;
  });
  const unit = 1 / Math.sqrt(m);
  return {
    cosines: angles.map((angle) => Math.cos(angle) * unit),
    sines: angles.map((angle) => Math.sin(angle) * unit),
  };
}
