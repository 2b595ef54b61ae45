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
  const lower = letter.toLowerCase();
  const test = TESTS[lower]?.[isAscii ? 1 : 0];
  if (test === undefined) throw new Error(`This is a bug: no class of characters is \\${letter}.`);
  return letter === lower ? test : (char) => !test(char);
}

/** The answers for ASCII are kept: most of what is asked. */
function remembered(test: CharTest): CharTest {
  const ascii = Uint8Array.from({ length: 128 }, (_, char) => (test(char) ? 1 : 0));
  return (char) => (char < 128 ? ascii[char] === 1 : test(char));
}

const TESTS: Readonly<Record<string, readonly [CharTest, CharTest]>> = {
  w: [remembered(byPattern(WORD)), remembered(byPattern(ASCII_WORD))],
  d: [remembered(byPattern(DIGIT)), remembered(byPattern(ASCII_DIGIT))],
  s: [remembered(byPattern(SPACE)), remembered(byPattern(ASCII_SPACE))],
};

/** Takes `char` for every character that differs from it only in case. */
export function ignoringCase(test: CharTest, isAscii: boolean): CharTest {
  return (char) => variants(char, isAscii).some(test);
}

/** Those of ASCII by whether all others count, and by character: most of what is asked. */
const ASCII_VARIANTS = [false, true].map((isAscii) =>
  Array.from({ length: 128 }, (_, char) => findVariants(char, isAscii)),
);

function variants(char: number, isAscii: boolean): readonly number[] {
  return ASCII_VARIANTS[isAscii ? 1 : 0]?.[char] ?? findVariants(char, isAscii);
}

function findVariants(char: number, isAscii: boolean): readonly number[] {
  if (isAscii && char > 127) return [char];
  // U+0130 is lowered to plain i there, to two characters here.
  const lower = char === 0x130 ? 0x69 : caseOf(char, 'toLowerCase');
  const upper = caseOf(char, 'toUpperCase');
  const all = [char, lower, upper, caseOf(upper, 'toLowerCase'), caseOf(lower, 'toUpperCase')];
  if (lower === 0x69) all.push(0x130, 0x131);
  if (lower === 0x6b) all.push(0x212a);
  if (lower === 0x73) all.push(0x17f);
  return [...new Set(isAscii ? all.filter((one) => one < 128) : all)];
}

function caseOf(char: number, method: 'toLowerCase' | 'toUpperCase'): number {
  const text = String.fromCodePoint(char)[method]();
  const changed = text.codePointAt(0) ?? char;
  return text.length === String.fromCodePoint(changed).length ? changed : char;
}
