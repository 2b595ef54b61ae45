/** Rules that spell a histogram's bounds: `--prompt-tokens-buckets tse 1000 2 8`. */

/** Bounds grow by powers: more than these reach no number of tokens anybody has. */
const COUNT_MAX = 100;

export const BUCKET_RULE =
  `'default', 'tse MIDDLE BASE COUNT' (BASE above 1, COUNT from 0 to ${COUNT_MAX}) ` +
  "or 'custom VALUE ...'";

/**
 * - `default`: the defaults.
 * - `tse MIDDLE BASE COUNT`: MIDDLE, and on both sides of it the distances `BASE^1 … BASE^⌈COUNT/2⌉`; none below 0.
 * - `custom VALUE ...`: these, in any order.
 *
 * @returns the bounds, ascending, or null when it is no such rule
 */
export function bucketsOf(
  [name, ...words]: readonly string[],
  defaults: readonly number[],
): readonly number[] | null {
  if (name === 'default') return words.length === 0 ? defaults : null;
  const values = words.map((word) => (word === '' ? NaN : Number(word)));
  const bounds =
    name === 'tse' ? twoSided(values) : name === 'custom' && values.length > 0 ? values : null;
  if (bounds?.every(Number.isFinite) !== true) return null;
  return [...new Set(bounds)].sort((a, b) => a - b);
}

function twoSided(values: readonly number[]): readonly number[] | null {
  const [middle = NaN, base = NaN, count = NaN] = values;
  const isCount = Number.isInteger(count) && count >= 0 && count <= COUNT_MAX;
  if (values.length !== 3 || !isCount || !(base > 1)) return null;
  const distances = Array.from({ length: Math.ceil(count / 2) }, (_, i) => base ** (i + 1));
  const sides = distances.flatMap((distance) => [
    Math.max(0, middle - distance),
    middle + distance,
  ]);
  return [middle, ...sides];
}
