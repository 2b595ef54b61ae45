import type { CharRange, CharRanges } from './chars.js';

/** A sequence of byte ranges that UTF-8 spells a range of characters with. */
export type ByteSequence = readonly ByteRange[];
export type ByteRange = readonly [low: number, high: number];

/** Code points of equal length in UTF-8. */
const LENGTHS: readonly CharRange[] = [
  [0, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xffff],
  [0x10000, 0x10ffff],
];
const UTF8 = new TextEncoder();

/** All spellings of the characters, cut so that each byte of a sequence is free of the others. */
export function byteSequences(chars: CharRanges): readonly ByteSequence[] {
  return chars.flatMap(([low, high]) =>
    LENGTHS.flatMap(([from, to]) => {
      const [a, b] = [Math.max(low, from), Math.min(high, to)];
      return a > b ? [] : sequences(bytesOf(a), bytesOf(b));
    }),
  );
}

function bytesOf(code: number): readonly number[] {
  return [...UTF8.encode(String.fromCodePoint(code))];
}

/** `low` and `high` have the same length. */
function sequences(low: readonly number[], high: readonly number[]): ByteSequence[] {
  const [a = 0, ...lowRest] = low;
  const [b = 0, ...highRest] = high;
  if (lowRest.length === 0) return [[[a, b]]];
  const least = lowRest.map(() => 0x80);
  const most = lowRest.map(() => 0xbf);
  if (a === b) return sequences(lowRest, highRest).map((rest) => [[a, a], ...rest]);
  const isWholeLow = lowRest.every((byte) => byte === 0x80);
  const isWholeHigh = highRest.every((byte) => byte === 0xbf);
  const found: ByteSequence[] = [];
  if (!isWholeLow) found.push(...prefixed(a, sequences(lowRest, most)));
  const from = isWholeLow ? a : a + 1;
  const to = isWholeHigh ? b : b - 1;
  if (from <= to) found.push([[from, to], ...lowRest.map((): ByteRange => [0x80, 0xbf])]);
  if (!isWholeHigh) found.push(...prefixed(b, sequences(least, highRest)));
  return found;
}

function prefixed(byte: number, rest: readonly ByteSequence[]): ByteSequence[] {
  return rest.map((sequence) => [[byte, byte], ...sequence]);
}
