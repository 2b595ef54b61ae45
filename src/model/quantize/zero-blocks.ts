import type { JobFiles } from './files.js';
import type { BlockSize } from '../target.js';

/** Four-bit operands of `MatMulNBits` with zero points, of some rows: see `BlockLinear` for the layout. */
export interface ZeroBlocks {
  readonly weight: Uint8Array;
  readonly scales: Float32Array;
  readonly zeroPoints: Uint8Array;
}

/** A code c stands for `(c - zero) * scale`. */
export interface Grid {
  readonly scale: number;
  readonly zero: number;
}

const LARGEST_CODE = 15;

/** Of a block's range: the extremes are cut off where the others gain more by smaller steps. */
const SHARES = [0.92, 0.84] as const;
/** How many more steps there are then. */
const MORE = [1 / SHARES[0], 1 / SHARES[1]] as const;

/**
 * Sixteen steps, zero among them, over a share of what is from the smallest to the largest of `values[begin, end)`: that
 * in which their squared error is least.
 */
export function gridOf(values: Float32Array, begin: number, end: number): Grid {
  let low = 0;
  let high = 0;
  for (let i = begin; i < end; i++) {
    const value = values[i] as number;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  const step = Math.fround((high - low) / LARGEST_CODE);
  // Nothing, or so small that its reciprocal is none.
  if (!Number.isFinite(1 / step)) return { scale: 1, zero: 0 };
  const inverse = 1 / step;
  const zero = Math.round(-low * inverse);
  const shorter = Math.fround(step * SHARES[0]);
  const shortest = Math.fround(step * SHARES[1]);
  // All three in one pass: each of them waits for its own sum.
  let [whole, less, least] = [0, 0, 0];
  for (let i = begin; i < end; i++) {
    const value = values[i] as number;
    const steps = value * inverse;
    const a = value - (nearestCode(steps + zero) - zero) * step;
    const b = value - (nearestCode(steps * MORE[0] + zero) - zero) * shorter;
    const c = value - (nearestCode(steps * MORE[1] + zero) - zero) * shortest;
    whole += a * a;
    less += b * b;
    least += c * c;
  }
  if (whole <= less && whole <= least) return { scale: step, zero };
  return { scale: less <= least ? shorter : shortest, zero };
}

/** The code nearest to `place`, which is counted in steps. */
export function nearestCode(place: number): number {
  return (Math.min(LARGEST_CODE, Math.max(0, place)) + 0.5) | 0;
}

/** Rows `weights [rows, width]`, each value as the code nearest to it. */
export function roundToZeroBlocks(
  weights: Float32Array,
  width: number,
  blockSize: BlockSize,
): ZeroBlocks {
  const blocks = width / blockSize;
  const codes = new Uint8Array(weights.length);
  const scales = new Float32Array(weights.length / blockSize);
  const zeros = new Uint8Array(scales.length);
  for (let block = 0; block < scales.length; block++) {
    const [begin, end] = [block * blockSize, (block + 1) * blockSize];
    const { scale, zero } = gridOf(weights, begin, end);
    scales[block] = scale;
    zeros[block] = zero;
    for (let i = begin; i < end; i++) {
      codes[i] = nearestCode((weights[i] as number) / scale + zero);
    }
  }
  return { weight: packNibbles(codes, width), scales, zeroPoints: packNibbles(zeros, blocks) };
}

/** Rows of `columns` codes, two a byte, the earlier column in the low half; a row begins with a byte of its own. */
export function packNibbles(codes: Uint8Array, columns: number): Uint8Array {
  const rows = codes.length / columns;
  const bytes = Math.ceil(columns / 2);
  const packed = new Uint8Array(rows * bytes);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * bytes + (column >> 1);
      const code = codes[row * columns + column] as number;
      packed[at] = (packed[at] as number) | (code << (4 * (column & 1)));
    }
  }
  return packed;
}

/** Where in a cache file the operands of a whole linear are. */
export interface ZeroBlocksPlace {
  readonly in: number;
  readonly blockSize: BlockSize;
  readonly weightOffset: number;
  readonly scalesOffset: number | null;
  readonly zeroPointsOffset: number | null;
}

/** Writes rows of a linear, of which the first is row `begin`. */
export function writeZeroBlocks(
  { in: width, blockSize, weightOffset, scalesOffset, zeroPointsOffset }: ZeroBlocksPlace,
  begin: number,
  rows: ZeroBlocks,
  files: JobFiles,
): void {
  if (scalesOffset === null || zeroPointsOffset === null) {
    throw new Error('This is a bug: no place for scales or zero points.');
  }
  const blocks = width / blockSize;
  files.write(rows.weight, weightOffset + (begin * width) / 2);
  files.write(rows.scales, scalesOffset + begin * blocks * 4);
  files.write(rows.zeroPoints, zeroPointsOffset + begin * Math.ceil(blocks / 2));
}
