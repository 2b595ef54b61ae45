import t from 'tap';

import { MatrixProducts } from '../../../../../src/device/cpu/matrix-products.js';
import { factorUnitLower } from '../../../../../src/model/quantize/compensate/factor.js';
import { gram } from '../../../../../src/model/quantize/compensate/gram.js';
import { PLAIN_PRODUCTS } from '../../../../doubles/plain-products.js';
import { correlatedRows, sumsOf } from './inputs.js';

/** L of `h = L D Lᵀ` by its definition. */
function plainFactor(h: Float64Array, width: number): Float64Array {
  const lower = new Float64Array(width * width);
  const diagonal = new Float64Array(width);
  const at = (i: number, j: number): number => lower[i * width + j] ?? 0;
  for (let j = 0; j < width; j++) {
    for (let i = j; i < width; i++) {
      let rest = h[i * width + j] ?? 0;
      for (let k = 0; k < j; k++) rest -= at(i, k) * at(j, k) * (diagonal[k] ?? 0);
      if (i === j) diagonal[j] = rest;
      lower[i * width + j] = rest / (diagonal[j] ?? NaN);
    }
  }
  return lower;
}

/** Largest difference below the diagonal. */
function farthest(a: ArrayLike<number>, b: ArrayLike<number>, width: number): number {
  let most = 0;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      most = Math.max(most, Math.abs((a[i * width + j] ?? NaN) - (b[i * width + j] ?? NaN)));
    }
  }
  return most;
}

t.test('a factorisation in panels is that of the definition', async (t) => {
  const products = new MatrixProducts({ numThreads: 2, spinning: false });
  t.teardown(() => products.release());
  // Less than a panel, one, several with a rest.
  for (const width of [32, 256, 320, 600]) {
    const sums = sumsOf(correlatedRows(width, width, width), width, 1);
    const lower = Float32Array.from(sums);
    await factorUnitLower(products, lower, { width, smallest: 0.5 });
    const off = farthest(lower, plainFactor(sums, width), width);
    t.ok(off < 1e-4, `${width}: ${off}`);
  }
});

t.test('sums that say nothing of some inputs leave them alone', async (t) => {
  const width = 64;
  const x = correlatedRows(8, width, 3);
  const sums = sumsOf(x, width, 0);
  for (let i = 0; i < width; i++) sums[i * width + i] = (sums[i * width + i] ?? 0) + 1e-3;
  const lower = Float32Array.from(sums);
  await factorUnitLower(PLAIN_PRODUCTS, lower, { width, smallest: 5e-4 });
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) {
      if (!Number.isFinite(lower[i * width + j])) t.fail(`row ${i}, column ${j}`);
    }
  }
  t.pass('all are numbers');
});

t.test('sums of products are those of the definition, in panels too', async (t) => {
  const products = new MatrixProducts({ numThreads: 2, spinning: false });
  t.teardown(() => products.release());
  for (const [rows, width] of [
    [50, 96],
    [3, 1100],
  ] as const) {
    const x = correlatedRows(rows, width, 9);
    const [found, wanted] = [await gram(products, x, width), sumsOf(x, width, 0)];
    t.ok(farthest(found, wanted, width) < 1e-3, String(width));
    const diagonal = Array.from({ length: width }, (_, i) => i * width + i);
    t.ok(diagonal.every((at) => Math.abs((found[at] ?? NaN) - (wanted[at] ?? 0)) < 1e-3));
  }
});
