import type { KeptBlocks } from '../../../src/model/weights/kept-blocks.js';
import { type KeptRows, sumColumnsOf } from '../../../src/model/weights/kept-rows.js';
import { DIGIT_FACTORS } from '../../../src/model/weights/sum-columns.js';

/** What kept rows stand for, each number in the place where its column is stored: sums of blocks included. */
export function unpackKept(
  { weight, scales, zeroPoints }: KeptRows,
  width: number,
  blocks: KeptBlocks,
): Float32Array {
  const { blockSize, columns } = blocks;
  const blocksOfRow = Math.ceil((width + sumColumnsOf(width, blocks)) / blockSize);
  const rowBytes = (blocksOfRow * blockSize) / 2;
  const rows = weight.length / rowBytes;
  const half = (bytes: Uint8Array, from: number, at: number): number =>
    ((bytes[from + (at >> 1)] ?? 0) >> (4 * (at & 1))) & 15;
  const valueAt = (row: number, at: number): number => {
    const block = Math.floor(at / blockSize);
    const zero = half(zeroPoints, row * Math.ceil(blocksOfRow / 2), block);
    const code = half(weight, row * rowBytes, at);
    return (code - zero) * (scales[row * blocksOfRow + block] ?? NaN);
  };
  const numbers = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < width; at++) {
      const first = width + DIGIT_FACTORS.length * Math.floor(at / blockSize);
      const rests = DIGIT_FACTORS.map((factor, digit) => factor * valueAt(row, first + digit));
      const rest = blocks.hasMinima ? rests.reduce((sum, one) => sum + one, 0) : 0;
      numbers[row * width + (columns?.[at] ?? at)] = valueAt(row, at) + rest;
    }
  }
  return numbers;
}
