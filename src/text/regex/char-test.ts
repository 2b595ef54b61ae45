/** Which characters Python's `re` takes for which. A character is a code point. */

export type CharTest = (char: number) => boolean;

const WORD = /^[\p{L}\p{N}_]$/u;
const DIGIT = /^\p{Nd}$/u;
const SPACE = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;
const ASCII_WORD = /^[A-Za-z0-9_]$/;
const ASCII_DIGIT = /^[0-9]$/;
const ASCII_SPACE = /^[\t-\r ]$/;

function byPattern(pattern: RegExp): CharTest {
  return (char) => pattern.test(String.fromCodePoint(char));
}

/** `\w`, `\d` and `\s` by letter. @param isAscii under `(?a)` */
export function category(letter: string, isAscii: boolean): CharTest {
  const tests: Record<string, readonly [RegExp, RegExp]> = {
    w: [WORD, ASCII_WORD],
    d: [DIGIT, ASCII_DIGIT],
    s: [SPACE, ASCII_SPACE],
  };
  const lower = letter.toLowerCase();
  const test = byPattern(tests[lower]?.[isAscii ? 1 : 0] ?? WORD);
  return letter === lower ? test : (char) => !test(char);
}

/** Takes `char` for every character that differs from it only in case. */
export function ignoringCase(test: CharTest, isAscii: boolean): CharTest {
  return (char) => variants(char, isAscii).some(test);
}

function variants(char: number, isAscii: boolean): readonly number[] {
  if (isAscii && char > 127) return [char];
  // U+0130 is lowered to plain i there, to two characters here.
  const lower = char === 0x130 ? 0x69 : caseOf(char, 'toLowerCase');
  const upper = caseOf(char, 'toUpperCase');
  const all = [char, lower, upper, caseOf(upper, 'toLowerCase'), caseOf(lower, 'toUpperCase')];
  if (lower === 0x69) all.push(0x130, 0x131);
  if (lower === 0x6b) all.push(0x212a);
  if (lower === 0x73) all.push(0x17f);
  return isAscii ? all.filter((one) => one < 128) : all;
}

function caseOf(char: number, method: 'toLowerCase' | 'toUpperCase'): number {
  const text = String.fromCodePoint(char)[method]();
  const changed = text.codePointAt(0) ?? char;
  return text.length === String.fromCodePoint(changed).length ? changed : char;
}
