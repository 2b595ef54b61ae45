/**
 * Blocks whose numbers are `code * scale + minimum`, for a kernel that knows `(code - zero) * scale`: the whole zero that
 * is nearest to `-minimum / scale`, and for what that leaves further columns of the weight, which multiply the sums of
 * the input's blocks. Each block has two of them, a coarse one that meets its sum and a fine one that meets a sixteenth
 * of it: codes of four bits like all others, eight bits together (docs/decisions/0021-kept-blocks.md).
 */

/** Columns for each block. */
const DIGITS = 2;
/** What the input's sum is multiplied by for each of them. */
export const DIGIT_FACTORS: readonly number[] = [1, 1 / 16];

const ZERO_CODE = 8;
const [LEAST, MOST] = [-8, 7];
/** What both digits can say at most, in units of the coarse one. */
const REACH = MOST + MOST / 16;

/** How many columns stand behind those of the input, which is so many blocks wide. */
export function numSumColumns(blocks: number): number {
  return DIGITS * blocks;
}

export interface Split {
  readonly zero: number;
  /** What is to be added to each number of the block. */
  readonly rest: number;
}

/** The zero of a block, 0 to 15, and what it leaves of the minimum. */
export function splitMinimum(scale: number, minimum: number): Split {
  const nearest = scale === 0 ? 0 : Math.round(-minimum / scale);
  const zero = Math.min(15, Math.max(0, nearest));
  return { zero, rest: minimum + zero * scale };
}

/** The step of the coarse digits of all `rests`. */
export function restScale(rests: Float32Array): number {
  const largest = rests.reduce((most, rest) => Math.max(most, Math.abs(rest)), 0);
  const scale = Math.fround(largest / REACH);
  return scale === 0 ? 1 : scale;
}

/** The codes of a rest, coarse and fine. */
export function digitsOf(rest: number, scale: number): readonly [coarse: number, fine: number] {
  const steps = rest / scale;
  const coarse = within(Math.round(steps));
  const fine = within(Math.round((steps - coarse) * 16));
  return [coarse + ZERO_CODE, fine + ZERO_CODE];
}

/** The code that stands for nothing. */
export const NO_DIGIT = ZERO_CODE;

function within(digit: number): number {
  return Math.min(MOST, Math.max(LEAST, digit));
}
