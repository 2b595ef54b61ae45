import { charsIn, charsOf, negated, type CharRange, type CharRanges } from './chars.js';

/**
 * Python and ECMAScript disagree about `\w` and its kin: `narrow` holds what both take, `wide` what either
 * does. A set that is asked for takes the narrow one and a set that is forbidden the wide one, so that an
 * answer matches whoever checks it.
 */
export interface CharClass {
  readonly narrow: () => CharRanges;
  readonly wide: () => CharRanges;
}

const DIGITS = charsOf([[0x30, 0x39]]);
const WORD = charsOf([...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]);
const SPACE = charsIn(' \t\n\r\f\v');
const WIDE_SPACE = charsOf([
  [0x09, 0x0d],
  [0x1c, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);

/** `.` without flags, in either. */
export const ANY_IN_LINE = negated(charsIn('\n\r\u2028\u2029'));

export function exactly(ranges: CharRanges): CharClass {
  const same = (): CharRanges => ranges;
  return { narrow: same, wide: same };
}

export function complement({ narrow, wide }: CharClass): CharClass {
  return { narrow: () => negated(wide()), wide: () => negated(narrow()) };
}

export function union(classes: readonly CharClass[]): CharClass {
  return {
    narrow: () => charsOf(classes.flatMap(({ narrow }) => narrow())),
    wide: () => charsOf(classes.flatMap(({ wide }) => wide())),
  };
}

const CLASSES: Readonly<Record<string, CharClass>> = {
  d: { narrow: () => DIGITS, wide: () => unicode(/\p{Nd}/u) },
  w: { narrow: () => WORD, wide: () => unicode(/[\p{L}\p{N}_]/u) },
  s: { narrow: () => SPACE, wide: () => WIDE_SPACE },
};

/** `\d`, `\w`, `\s` and their complements; null for another letter. */
export function classOf(letter: string): CharClass | null {
  const found = CLASSES[letter.toLowerCase()];
  if (found === undefined) return null;
  return letter === letter.toLowerCase() ? found : complement(found);
}

const scanned = new Map<string, CharRanges>();

/** All characters that match; looked up once. */
function unicode(test: RegExp): CharRanges {
  const known = scanned.get(test.source);
  if (known !== undefined) return known;
  const found: CharRange[] = [];
  let from = -1;
  for (let code = 0; code <= 0x110000; code++) {
    const isIn = code < 0x110000 && test.test(String.fromCodePoint(code));
    if (isIn && from < 0) from = code;
    if (!isIn && from >= 0) {
      found.push([from, code - 1]);
      from = -1;
    }
  }
  const ranges = charsOf(found);
  scanned.set(test.source, ranges);
  return ranges;
}
