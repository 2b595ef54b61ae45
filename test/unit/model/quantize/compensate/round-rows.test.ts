import t from 'tap';

import { MatrixProducts } from '../../../../../src/device/cpu/matrix-products.js';
import { factorUnitLower } from '../../../../../src/model/quantize/compensate/factor.js';
import { roundRows } from '../../../../../src/model/quantize/compensate/round-rows.js';
import {
  nearestCode,
  roundToZeroBlocks,
  type ZeroBlocks,
} from '../../../../../src/model/quantize/zero-blocks.js';
import type { BlockSize } from '../../../../../src/model/target.js';
import { correlatedRows, randomWeights, sumsOf } from './inputs.js';

/** GPTQ as it is written down (arXiv 2210.17323), in doubles, from the last column to the first, on grids that are given. */
function plainGptq(
  weights: Float32Array,
  sums: Float64Array,
  width: number,
  { scaleOf, zeroOf }: ReturnType<typeof gridsOf>,
): Float64Array {
  const factor = upperOfInverse(sums, width);
  const rounded = new Float64Array(weights.length);
  for (let first = 0; first < weights.length; first += width) {
    const w = Float64Array.from(weights.subarray(first, first + width));
    for (let k = width - 1; k >= 0; k--) {
      const [scale, zero] = [scaleOf(first + k), zeroOf(first + k)];
      const value = (nearestCode((w[k] ?? 0) / scale + zero) - zero) * scale;
      const error = ((w[k] ?? 0) - value) / (factor[k * width + k] ?? NaN);
      rounded[first + k] = value;
      for (let j = 0; j < k; j++) {
        w[j] = (w[j] ?? 0) - error * (factor[k * width + j] ?? NaN);
      }
    }
  }
  return rounded;
}

/** A of `h⁻¹ = Aᵀ A`, where row k of A has columns up to k. */
function upperOfInverse(h: Float64Array, width: number): Float64Array {
  const inverse = inverted(h, width);
  const factor = new Float64Array(width * width);
  for (let k = width - 1; k >= 0; k--) {
    for (let j = k; j >= 0; j--) {
      let rest = inverse[k * width + j] ?? 0;
      for (let i = k + 1; i < width; i++) {
        rest -= (factor[i * width + k] ?? 0) * (factor[i * width + j] ?? 0);
      }
      factor[k * width + j] = j === k ? Math.sqrt(rest) : rest / (factor[k * width + k] ?? NaN);
    }
  }
  return factor;
}

function inverted(h: Float64Array, width: number): Float64Array {
  const rows = Array.from({ length: width }, (_, i) => [
    ...h.subarray(i * width, (i + 1) * width),
    ...Array.from({ length: width }, (_, j) => (i === j ? 1 : 0)),
  ]);
  rows.forEach((pivot, at) => {
    const by = pivot[at] ?? NaN;
    pivot.forEach((value, j) => (pivot[j] = value / by));
    for (const row of rows) {
      const times = row === pivot ? 0 : (row[at] ?? 0);
      if (times !== 0) pivot.forEach((value, j) => (row[j] = (row[j] ?? 0) - times * value));
    }
  });
  return Float64Array.from(rows.flatMap((row) => row.slice(width)));
}

/** The nibble of a place in rows of `columns` of them. */
function nibble(bytes: Uint8Array, place: number, columns: number): number {
  const [row, at] = [Math.floor(place / columns), place % columns];
  return ((bytes[row * Math.ceil(columns / 2) + (at >> 1)] ?? 0) >> (4 * (at & 1))) & 15;
}

/** Of each weight. */
function gridsOf({ scales, zeroPoints }: ZeroBlocks, width: number, blockSize: number) {
  return {
    scaleOf: (place: number): number => scales[Math.floor(place / blockSize)] ?? NaN,
    zeroOf: (place: number): number =>
      nibble(zeroPoints, Math.floor(place / blockSize), width / blockSize),
  };
}

function unpacked(blocks: ZeroBlocks, width: number, blockSize: number): Float64Array {
  const { scaleOf, zeroOf } = gridsOf(blocks, width, blockSize);
  return Float64Array.from({ length: 2 * blocks.weight.length }, (_, place) => {
    return (nibble(blocks.weight, place, width) - zeroOf(place)) * scaleOf(place);
  });
}

/** What the outputs are wrong by, squared, for inputs with these sums of products. */
function outputError(
  weights: Float32Array,
  rounded: Float64Array,
  sums: Float64Array,
  width: number,
) {
  let total = 0;
  for (let first = 0; first < weights.length; first += width) {
    for (let i = 0; i < width; i++) {
      const error = (weights[first + i] ?? 0) - (rounded[first + i] ?? 0);
      for (let j = 0; j < width; j++) {
        const other = (weights[first + j] ?? 0) - (rounded[first + j] ?? 0);
        total += error * (sums[i * width + j] ?? 0) * other;
      }
    }
  }
  return total;
}

const ROWS = 24;
const SHAPES: readonly (readonly [width: number, blockSize: BlockSize])[] = [
  [256, 128],
  [192, 64],
  [96, 32],
  [48, 16],
];

for (const [width, blockSize] of SHAPES) {
  t.test(`${width} columns in blocks of ${blockSize} are rounded as GPTQ does`, async (t) => {
    const products = new MatrixProducts({ numThreads: 2, spinning: false });
    t.teardown(() => products.release());
    const weights = randomWeights(ROWS * width, 5);
    const sums = sumsOf(correlatedRows(2 * width, width, 7), width, 4);
    const lower = Float32Array.from(sums);
    await factorUnitLower(products, lower, { width, smallest: 2 });
    const rounded = await roundRows(products, weights, { lower, width, blockSize });
    const [found, wanted] = [
      unpacked(rounded, width, blockSize),
      plainGptq(weights, sums, width, gridsOf(rounded, width, blockSize)),
    ];
    // Where a weight is half way between two codes, the last bit of a float decides, and then the rest of its row.
    const same = found.filter((value, at) => Math.abs(value - (wanted[at] ?? NaN)) < 1e-4).length;
    t.ok(same > 0.95 * found.length, `${same} of ${found.length} are the same`);
    const errorOf = (values: Float64Array): number => outputError(weights, values, sums, width);
    t.ok(Math.abs(errorOf(found) / errorOf(wanted) - 1) < 0.02);
    const nearest = unpacked(roundToZeroBlocks(weights, width, blockSize), width, blockSize);
    t.ok(errorOf(found) < 0.4 * errorOf(nearest), 'what is told to the others is worth a factor');
  });
}

t.test('inputs that have nothing in common leave every weight to itself', async (t) => {
  const [width, blockSize] = [128, 64] as const;
  const products = new MatrixProducts({ numThreads: 1, spinning: false });
  t.teardown(() => products.release());
  const weights = randomWeights(ROWS * width, 11);
  const lower = new Float32Array(width * width);
  const rounded = await roundRows(products, weights, { lower, width, blockSize });
  t.same(rounded, roundToZeroBlocks(weights, width, blockSize));
});
