/**
 * The slopes of ALiBi (arXiv 2108.12409): powers of a base that is the first of them. Where there are not a power of two
 * heads, those beyond have every other slope of twice as many.
 */
export function alibiSlopes(numHeads: number): readonly number[] {
  const most = 2 ** Math.floor(Math.log2(numHeads));
  const own = Array.from({ length: most }, (_, head) => slope(most, head + 1));
  const more = Array.from({ length: numHeads - most }, (_, head) => slope(2 * most, 2 * head + 1));
  return [...own, ...more];
}

function slope(numHeads: number, power: number): number {
  return (2 ** (-8 / numHeads)) ** power;
}
