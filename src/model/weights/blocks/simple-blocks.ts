/** Blocks of 32 numbers with one scale, and one minimum where the name ends in 1. */
import { halfAt } from '../half.js';
import { blockType, byteAt, signedAt } from './block.js';

const SIZE = 32;
const HALF = SIZE / 2;

/** Scale; 32 signed bytes. */
export const Q8_0 = blockType(SIZE, 34, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  for (let i = 0; i < SIZE; i++) values[to + i] = scale * signedAt(bytes, from + 2 + i);
});

/** Scale; 16 bytes, the low halves before the high ones, offset by 8. */
export const Q4_0 = blockType(SIZE, 18, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  readPairs(bytes, from + 2, values, to);
  for (let i = to; i < to + SIZE; i++) values[i] = scale * ((values[i] as number) - 8);
});

/** Scale; minimum; 16 bytes as in {@link Q4_0}, without an offset. */
export const Q4_1 = blockType(SIZE, 20, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  const least = halfAt(bytes, from + 2);
  readPairs(bytes, from + 4, values, to);
  for (let i = to; i < to + SIZE; i++) values[i] = scale * (values[i] as number) + least;
});

/** 32 codes of four bits in 16 bytes, the low halves before the high ones. */
export function readPairs(bytes: Uint8Array, from: number, codes: Float32Array, to: number): void {
  for (let i = 0; i < HALF; i++) {
    const pair = byteAt(bytes, from + i);
    codes[to + i] = pair & 15;
    codes[to + HALF + i] = pair >> 4;
  }
}

/** Scale; the fifth bits, one for each number; 16 bytes of the other four; offset by 16. */
export const Q5_0 = blockType(SIZE, 22, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  for (let i = 0; i < SIZE; i++) values[to + i] = scale * (fiveBits(bytes, from + 2, i) - 16);
});

/** Scale; minimum; bits as in {@link Q5_0}, without an offset. */
export const Q5_1 = blockType(SIZE, 24, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  const least = halfAt(bytes, from + 2);
  for (let i = 0; i < SIZE; i++) values[to + i] = scale * fiveBits(bytes, from + 4, i) + least;
});

/** Number `i` of 4 bytes of fifth bits and the 16 bytes behind them. */
function fiveBits(bytes: Uint8Array, from: number, i: number): number {
  const high = (byteAt(bytes, from + (i >> 3)) >> (i & 7)) & 1;
  return nibble(bytes, from + 4, i) | (high << 4);
}

/** Number `i` of 16 bytes whose low halves are the first 16 numbers. */
function nibble(bytes: Uint8Array, from: number, i: number): number {
  return (byteAt(bytes, from + (i & 15)) >> (i < HALF ? 0 : 4)) & 15;
}
