/** Blocks of four bits a number, which a table makes numbers of. */
import { halfAt } from '../half.js';
import { blockType, byteAt } from './block.js';

/** Denser near zero, where weights are. */
const UNEVEN = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** Twice the values of e2m1, a float of four bits (OCP Microscaling Formats 1.0). */
const E2M1_DOUBLED = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];
const SIZE = 32;

/** Scale; 16 bytes, the low halves before the high ones. */
export const IQ4_NL = blockType(SIZE, 18, (bytes, from, values, to) => {
  lookUp({ bytes, from: from + 2, table: UNEVEN, scale: halfAt(bytes, from) }, values, to);
});

/** Scale; the upper two bits of 8 scales; their lower four; 8 times 16 bytes as in {@link IQ4_NL}. */
export const IQ4_XS = blockType(256, 136, (bytes, from, values, to) => {
  const scale = halfAt(bytes, from);
  const upper = byteAt(bytes, from + 2) | (byteAt(bytes, from + 3) << 8);
  for (let i = 0; i < 8; i++) {
    const low = (byteAt(bytes, from + 4 + (i >> 1)) >> (4 * (i & 1))) & 15;
    const high = (upper >> (2 * i)) & 3;
    const part = { bytes, from: from + 8 + 16 * i, table: UNEVEN };
    lookUp({ ...part, scale: scale * ((low | (high << 4)) - 32) }, values, to + SIZE * i);
  }
});

/** Exponent of a power of two; 16 bytes, the low halves before the high ones. */
export const MXFP4 = blockType(SIZE, 17, (bytes, from, values, to) => {
  const scale = 2 ** (byteAt(bytes, from) - 128);
  lookUp({ bytes, from: from + 1, table: E2M1_DOUBLED, scale }, values, to);
});

interface Lookup {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly table: readonly number[];
  readonly scale: number;
}

function lookUp({ bytes, from, table, scale }: Lookup, values: Float32Array, to: number): void {
  for (let i = 0; i < SIZE / 2; i++) {
    const pair = byteAt(bytes, from + i);
    values[to + i] = scale * (table[pair & 15] as number);
    values[to + SIZE / 2 + i] = scale * (table[pair >> 4] as number);
  }
}
