import { roundHalfEven } from '../floats.js';
import type { GroupedRows } from './grouped-rows.js';

/** What numbers are rounded to: integers of so many bits, or FP8. */
export type Rounding = { readonly bits: number } | 'f8_e4m3';

const E4M3_MAX = 448;
/** Spacing of the smallest numbers. */
const E4M3_LEAST = 2 ** -9;

/** Codes of weights that were never rounded, in their place: each step is rounded to f32 as the makers' own is. */
export function roundCodes({ codes, scales, zeros, groupOf }: GroupedRows, to: Rounding): void {
  const columns = groupOf.length;
  const rows = codes.length / Math.max(1, columns);
  const groups = scales.length / Math.max(1, rows);
  const round = to === 'f8_e4m3' ? roundE4m3 : roundTo(to);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const group = row * groups + (groupOf[column] as number);
      const zero = zeros === null ? 0 : (zeros[group] as number);
      const scaled = Math.fround((codes[at] as number) / (scales[group] as number));
      codes[at] = round(Math.fround(scaled + zero));
    }
  }
}

function roundTo({ bits }: { readonly bits: number }): (value: number) => number {
  const half = 2 ** (bits - 1);
  return (value) => Math.min(half - 1, Math.max(-half, roundHalfEven(value)));
}

function roundE4m3(value: number): number {
  const magnitude = Math.min(E4M3_MAX, Math.abs(value));
  const exponent = Math.floor(Math.log2(magnitude));
  const step = magnitude === 0 ? 1 : Math.max(E4M3_LEAST, 2 ** (exponent - 3));
  return Math.sign(value) * roundHalfEven(magnitude / step) * step;
}
