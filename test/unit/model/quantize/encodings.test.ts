import t from 'tap';

import { quantizeBlocks } from '../../../../src/model/quantize/blocks.js';
import { decodeFloats, encodeF16 } from '../../../../src/model/weights/floats.js';
import {
  PAIR_SUM_MAX,
  columnScales,
  quantizeColumns,
  widenByEach,
  widenByPair,
} from '../../../../src/model/quantize/pair-safe.js';
import { randomBits } from '../../../../src/core/clock.js';
import { transpose } from '../../../../src/model/quantize/transpose.js';

/** About normal, with an outlier now and then. */
function weights(count: number, seed: number): Float32Array {
  const next = randomBits(seed);
  const uniform = () => next() / 2 ** 32 - 0.5;
  return Float32Array.from({ length: count }, () => {
    const bell = uniform() + uniform() + uniform() + uniform();
    return next() % 97 === 0 ? bell * 30 : bell;
  });
}

function scalesOf(w: Float32Array, columns: number): Float32Array {
  const largest = new Float32Array(columns);
  for (let at = 0; at < w.length; at += 2 * columns) {
    widenByPair(largest, w.subarray(at, at + 2 * columns));
  }
  return columnScales(largest);
}

t.test('no pair of 8-bit weights can saturate vpmaddubsw', (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const [rows, columns] = [64 + (seed % 2), 24];
    const w = weights(rows * columns, seed);
    const scales = scalesOf(w, columns);
    const q = quantizeColumns(w, scales, rows);
    let most = 0;
    for (let n = 0; n < columns; n++) {
      for (let k = 0; k < rows; k += 2) {
        const pair = [q[k * columns + n] ?? 0, (k + 1 < rows ? q[(k + 1) * columns + n] : 0) ?? 0];
        const sum = (sign: number) => pair.reduce((s, x) => s + Math.max(0, sign * x), 0);
        most = Math.max(most, sum(1), sum(-1));
      }
    }
    // Activations are 0..255: the sum of two products must fit a signed 16-bit number.
    if (most > PAIR_SUM_MAX || 255 * most > 32767) t.fail(`seed ${seed}: ${most}`);
    if (most < 126) t.fail(`seed ${seed}: resolution is given away, the largest sum is ${most}`);
  }
  t.pass('40 matrices');
  t.end();
});

t.test('where sums are whole the largest weight of a column says its scale', (t) => {
  const w = Float32Array.of(0.5, -2, 1, 1, -1, 2);
  const largest = new Float32Array(2);
  widenByEach(largest, w.subarray(0, 4));
  widenByEach(largest, w.subarray(4));
  t.same([...largest], [1, 2]);
  t.same([...quantizeColumns(w, columnScales(largest), 3)], [64, -127, 127, 64, -127, 127]);
  t.end();
});

t.test('equal neighbours at the limit round to at most 128 together', (t) => {
  const w = Float32Array.of(1, 1, 1, -1, -1, -1, 0.5, 0.5);
  const q = quantizeColumns(w, scalesOf(w, 1), 8);
  t.same([...q], [64, 64, 64, -63, -63, -63, 32, 32]);
  t.same([...scalesOf(new Float32Array(4), 1)], [1], 'zeros');
  t.end();
});

t.test('dequantised columns are within half a step', (t) => {
  const w = weights(128 * 8, 5);
  const scales = scalesOf(w, 8);
  const q = quantizeColumns(w, scales, 128);
  let worst = 0;
  w.forEach((x, i) => {
    const scale = scales[i % 8] ?? NaN;
    worst = Math.max(worst, Math.abs(x - (q[i] ?? NaN) * scale) / scale);
  });
  t.ok(worst <= 0.5001, String(worst));
  t.end();
});

const SHAPES = [
  [8, 16],
  [8, 32],
  [4, 16],
  [4, 32],
] as const;

t.test('blocks are within half a step, and their extremes use the whole range', (t) => {
  const w = weights(32 * 50, 9);
  for (const [bits, size] of SHAPES) {
    const { weight, scales } = quantizeBlocks(w, { bits, size });
    let worst = 0;
    w.forEach((x, i) => {
      const byte = weight[bits === 8 ? i : i >> 1] ?? 0;
      const code = bits === 8 ? byte : i % 2 === 0 ? byte & 15 : byte >> 4;
      const scale = scales[Math.floor(i / size)] ?? NaN;
      const error = Math.abs(x - (code - (bits === 8 ? 128 : 8)) * scale) / Math.abs(scale);
      worst = Math.max(worst, error);
    });
    // Four bits have no +8: a value that mirrors the block's extreme is a whole step off.
    t.ok(worst <= (bits === 8 ? 0.501 : 1.001), `${bits} bits, ${size}: ${worst}`);
  }
  t.same([...quantizeBlocks(new Float32Array(16), { bits: 8, size: 16 }).scales], [1], 'zeros');
  t.end();
});

t.test('half precision goes there and back for every finite value', (t) => {
  const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
  const floats = decodeFloats(new Uint8Array(all.buffer), 'f16');
  const back = encodeF16(floats);
  let wrong = 0;
  all.forEach((half, i) => {
    if (!Number.isNaN(floats[i]) && back[i] !== half) wrong++;
  });
  t.equal(wrong, 0);
  t.same([...encodeF16(Float32Array.of(1 + 2 ** -11, 1 + 3 * 2 ** -11))], [0x3c00, 0x3c02], 'even');
  t.same([...encodeF16(Float32Array.of(65504, 65520, -1e9))], [0x7bff, 0x7c00, 0xfc00]);
  t.end();
});

t.test('bf16 is the upper half of f32', (t) => {
  const bits = Uint16Array.of(0x3f80, 0xc040, 0x0001);
  t.same([...decodeFloats(new Uint8Array(bits.buffer), 'bf16')], [1, -3, 2 ** -133]);
  t.end();
});

t.test('transposing twice is the identity, for shapes that no tile fits', (t) => {
  for (const [rows, columns] of [
    [1, 1],
    [33, 65],
    [100, 7],
  ] as const) {
    const w = weights(rows * columns, 3);
    const turned = transpose(w, rows, columns);
    t.equal(turned[1 % turned.length], w[columns % w.length]);
    t.same(transpose(turned, columns, rows), w);
  }
  t.end();
});
