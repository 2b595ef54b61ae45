/** ggml's K types: blocks of 256 numbers, whose parts have scales that are small integers times the block's own. */
import { halfAt } from '../half.js';
import { blockType, byteAt, signedAt } from './block.js';

const SIZE = 256;

/** 16 bytes, each scale and minimum of 16 numbers in four bits; two bits a number; scale; minimum. */
export const Q2_K = blockType(SIZE, 84, (bytes, from, values, to) => {
  const { scales, minima } = codesOfQ2K(bytes, from, values, to);
  for (let i = 0; i < SIZE; i++) {
    const part = i >> 4;
    const number = values[to + i] as number;
    values[to + i] = (scales[part] as number) * number - (minima[part] as number);
  }
});

/** The third bits; two bits a number; 16 scales of six bits; scale. A third bit that is 0 takes 4 away. */
export const Q3_K = blockType(SIZE, 110, (bytes, from, values, to) => {
  const scales = codesOfQ3K(bytes, from, values, to);
  for (let i = 0; i < SIZE; i++) {
    values[to + i] = (scales[i >> 4] as number) * ((values[to + i] as number) - 4);
  }
});

/** Scale; minimum; 8 scales and 8 minima of six bits in 12 bytes; four bits a number. */
export const Q4_K = blockType(SIZE, 144, (bytes, from, values, to) => {
  const { scales, minima } = codesOfQ4K(bytes, from, values, to);
  for (let i = 0; i < SIZE; i++) {
    const part = i >> 5;
    const number = values[to + i] as number;
    values[to + i] = (scales[part] as number) * number - (minima[part] as number);
  }
});

/** As {@link Q4_K}, with the fifth bits before the other four. */
export const Q5_K = blockType(SIZE, 176, (bytes, from, values, to) => {
  const { scales, minima } = partsOf(bytes, from);
  for (let i = 0; i < SIZE; i++) {
    const part = i >> 5;
    const fifth = (byteAt(bytes, from + 16 + (i & 31)) >> part) & 1;
    const number = halfOfByte(bytes, from + 48, i) | (fifth << 4);
    values[to + i] = (scales[part] as number) * number - (minima[part] as number);
  }
});

/** Four bits a number; the upper two; 16 signed scales; scale; offset by 32. */
export const Q6_K = blockType(SIZE, 210, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from + 208);
  for (let i = 0; i < SIZE; i++) {
    // Each half of the block has 64 bytes: their low halves, then their high ones.
    const low = (byteAt(bytes, from + 64 * (i >> 7) + (i & 63)) >> (4 * ((i >> 6) & 1))) & 15;
    const number = (low | (twoBits(bytes, from + 128, i) << 4)) - 32;
    values[to + i] = scale * signedAt(bytes, from + 192 + (i >> 4)) * number;
  }
});

/** Number `i` of 64 bytes: each 32 of them hold 128 numbers, two bits at a time. */
function twoBits(bytes: Uint8Array, from: number, i: number): number {
  return (byteAt(bytes, from + 32 * (i >> 7) + (i & 31)) >> (2 * ((i >> 5) & 3))) & 3;
}

/** What the numbers of a {@link Q2_K} block are made of: 256 codes, and a scale and a minimum, turned, of each 16. */
export function codesOfQ2K(
  bytes: Uint8Array,
  from: number,
  codes: Float32Array,
  to: number,
): Parts {
  for (let i = 0; i < SIZE; i++) codes[to + i] = twoBits(bytes, from + 16, i);
  const scale = halfAt(bytes, from + 80);
  const least = halfAt(bytes, from + 82);
  const parts = Array.from(bytes.subarray(from, from + 16));
  return {
    scales: parts.map((part) => scale * (part & 15)),
    minima: parts.map((part) => least * (part >> 4)),
  };
}

/** And of a {@link Q3_K} block: 256 codes of three bits, of which 4 stands for 0, and a scale of each 16. */
export function codesOfQ3K(
  bytes: Uint8Array,
  from: number,
  codes: Float32Array,
  to: number,
): readonly number[] {
  for (let i = 0; i < SIZE; i++) {
    const third = (byteAt(bytes, from + (i & 31)) >> (i >> 5)) & 1;
    codes[to + i] = twoBits(bytes, from + 32, i) | (third << 2);
  }
  const scale = halfAt(bytes, from + 108);
  return Array.from({ length: 16 }, (_, j) => scale * (sixBits(bytes, from + 96, j) - 32));
}

/** What the numbers of a {@link Q4_K} block are made of: 256 codes, and a scale and a minimum, turned, of each 32. */
export function codesOfQ4K(
  bytes: Uint8Array,
  from: number,
  codes: Float32Array,
  to: number,
): Parts {
  for (let i = 0; i < SIZE; i++) codes[to + i] = halfOfByte(bytes, from + 16, i);
  return partsOf(bytes, from);
}

/** Number `i` of 128 bytes: each 32 of them hold 64 numbers, the low halves first. */
function halfOfByte(bytes: Uint8Array, from: number, i: number): number {
  return (byteAt(bytes, from + 32 * (i >> 6) + (i & 31)) >> (4 * ((i >> 5) & 1))) & 15;
}

/** Scale `j` of 16 in the 12 bytes of {@link Q3_K}: four bits of 8 bytes, two of the 4 behind them. */
function sixBits(bytes: Uint8Array, from: number, j: number): number {
  const low = (byteAt(bytes, from + (j & 7)) >> (4 * (j >> 3))) & 15;
  const high = (byteAt(bytes, from + 8 + (j & 3)) >> (2 * (j >> 2))) & 3;
  return low | (high << 4);
}

export interface Parts {
  readonly scales: readonly number[];
  readonly minima: readonly number[];
}

/** Scales and minima of the 8 parts of a {@link Q4_K} or {@link Q5_K} block. */
function partsOf(bytes: Uint8Array, from: number): Parts {
  const scale = halfAt(bytes, from);
  const least = halfAt(bytes, from + 2);
  const packed = (i: number): number => byteAt(bytes, from + 4 + i);
  const scales: number[] = [];
  const minima: number[] = [];
  for (let j = 0; j < 4; j++) {
    scales[j] = scale * (packed(j) & 63);
    minima[j] = least * (packed(j + 4) & 63);
    // The last four have their lower bits together, and their upper ones where the first four have none.
    scales[j + 4] = scale * ((packed(j + 8) & 15) | ((packed(j) >> 6) << 4));
    minima[j + 4] = least * ((packed(j + 8) >> 4) | ((packed(j + 4) >> 6) << 4));
  }
  return { scales, minima };
}
