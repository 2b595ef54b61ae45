import t from 'tap';

import { hadamardBlocks } from '../../../../src/model/quantize/hadamard.js';
import { mixablePrimes } from '../../../../src/model/quantize/odd-factor.js';
import { randomBits } from '../../../../src/core/clock.js';
import { mixesWholly, rotation } from '../../../../src/model/quantize/rotate.js';

/** Row vectors of the identity, rotated: the matrix itself, `[size, size]`. */
function matrixOf(size: number, seed: number | null): Float32Array {
  const identity = new Float32Array(size * size);
  for (let i = 0; i < size; i++) identity[i * size + i] = 1;
  rotation({ size, seed })(identity);
  return identity;
}

function orthogonalityError(matrix: Float32Array, size: number): number {
  let largest = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) {
        sum += (matrix[i * size + k] ?? 0) * (matrix[j * size + k] ?? 0);
      }
      largest = Math.max(largest, Math.abs(sum - (i === j ? 1 : 0)));
    }
  }
  return largest;
}

t.test('every width has an orthogonal matrix, odd factors included', (t) => {
  // As 576 = 9 · 64: 144 = 9 · 16, 112 = 7 · 16, 80 = 5 · 16; 67 is a prime that stays unmixed.
  for (const size of [1, 2, 3, 4, 7, 8, 9, 16, 32, 64, 67, 80, 96, 112, 128, 134, 144]) {
    for (const seed of [null, 7]) {
      t.ok(orthogonalityError(matrixOf(size, seed), size) < 1e-5, `${size}, seed ${String(seed)}`);
    }
  }
  t.end();
});

t.test('a power of two without signs is the Hadamard matrix that the graph multiplies by', (t) => {
  const matrix = matrixOf(32, null);
  for (let i = 0; i < 32; i++) {
    for (let j = 0; j < 32; j++) {
      const ones = (i & j).toString(2).split('1').length - 1;
      const expected = (ones % 2 === 0 ? 1 : -1) / Math.sqrt(32);
      if (Math.abs((matrix[i * 32 + j] ?? 0) - expected) > 1e-6) t.fail(`entry ${i}, ${j}`);
    }
  }
  t.pass('1,024 entries');
  t.end();
});

t.test('a rotation spreads a single outlier over the whole width', (t) => {
  for (const size of [576, 896, 1536]) {
    const row = new Float32Array(size);
    row[5] = 1;
    rotation({ size, seed: 3 })(row);
    const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    t.ok(largest < 3 / Math.sqrt(size), `${size}: ${largest * Math.sqrt(size)} times the mean`);
  }
  t.end();
});

t.test('the fast transform is the product with the matrix, at every power of two', (t) => {
  const seed = 11;
  const next = randomBits(seed);
  for (const size of [2, 4, 8, 16, 32, 64, 128, 512, 1024]) {
    const x = Float32Array.from({ length: size }, () => next() / 2 ** 32 - 0.5);
    const fast = Float32Array.from(x);
    hadamardBlocks(fast, size);
    const column = next() % size;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const ones = (i & column).toString(2).split('1').length - 1;
      sum += (x[i] ?? 0) * (ones % 2 === 0 ? 1 : -1);
    }
    t.ok(Math.abs(sum - (fast[column] ?? NaN)) < 1e-3, `size ${size}, seed ${seed}`);
  }
  t.end();
});

t.test('a gain is multiplied in before the rotation', (t) => {
  const gain = Float32Array.of(2, 3, 4, 5);
  const row = Float32Array.of(1, 1, 1, 1);
  rotation({ size: 4, seed: null }, gain)(row);
  t.same([...row], [7, -1, -2, 0]);
  t.end();
});

t.test('primes that are too large to mix are left out', (t) => {
  t.same(mixablePrimes(9), [3, 3]);
  t.same(mixablePrimes(105), [3, 5, 7]);
  t.same(mixablePrimes(67 * 3), [3]);
  t.end();
});

t.test('a width with such a prime is not mixed wholly', (t) => {
  for (const size of [64, 576, 896, 5120, 61 * 32]) t.ok(mixesWholly(size), String(size));
  for (const size of [67, 67 * 64, 3 * 71 * 32]) t.notOk(mixesWholly(size), String(size));
  t.end();
});
