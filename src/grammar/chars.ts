/** Sets of code points as sorted, disjoint, closed ranges `[low, high]`. Surrogates are never in one. */
export type CharRanges = readonly CharRange[];
export type CharRange = readonly [low: number, high: number];

const LAST = 0x10ffff;

/** Everything that UTF-8 can spell. */
export const ANY_CHAR: CharRanges = [
  [0, 0xd7ff],
  [0xe000, LAST],
];

/** Sorted, merged, without surrogates. */
export function charsOf(ranges: Iterable<CharRange>): CharRanges {
  const sorted = [...ranges].filter(([low, high]) => low <= high).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [low, high] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged.flatMap(withoutSurrogates);
}

function withoutSurrogates([low, high]: CharRange): CharRange[] {
  const parts: CharRange[] = [
    [low, Math.min(high, 0xd7ff)],
    [Math.max(low, 0xe000), high],
  ];
  return parts.filter(([from, to]) => from <= to);
}

export function charsIn(text: string): CharRanges {
  return charsOf(Array.from(text, (char): CharRange => [codeOf(char), codeOf(char)]));
}

export function negated(ranges: CharRanges): CharRanges {
  const gaps: CharRange[] = [];
  let from = 0;
  for (const [low, high] of charsOf(ranges)) {
    gaps.push([from, low - 1]);
    from = high + 1;
  }
  gaps.push([from, LAST]);
  return charsOf(gaps);
}

/** Those of `ranges` that are not in `others`. */
export function without(ranges: CharRanges, others: CharRanges): CharRanges {
  return both(ranges, negated(others));
}

export function both(a: CharRanges, b: CharRanges): CharRanges {
  const found: CharRange[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [lowA, highA] = a[i] ?? [0, -1];
    const [lowB, highB] = b[j] ?? [0, -1];
    found.push([Math.max(lowA, lowB), Math.min(highA, highB)]);
    if (highA < highB) i++;
    else j++;
  }
  return charsOf(found);
}

export function hasChar(ranges: CharRanges, code: number): boolean {
  return ranges.some(([low, high]) => low <= code && code <= high);
}

export function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}
