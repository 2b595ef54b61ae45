/** Python's view of text: code points, its white space, its classes of characters. */

const SURROGATE = /[\ud800-\udfff]/;
const SPACE_CLASS =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING_SPACE = new RegExp(`^[${SPACE_CLASS}]+`);
const SPACES = new RegExp(`[${SPACE_CLASS}]+`, 'g');
const ONLY_SPACE = new RegExp(`^[${SPACE_CLASS}]+$`);
const LINE_BREAK = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

/** True = every character is one UTF-16 unit. */
export function isFlat(text: string): boolean {
  return !SURROGATE.test(text);
}

/** `len(text)` */
export function charLength(text: string): number {
  return isFlat(text) ? text.length : Array.from(text).length;
}

export function charsOf(text: string): string[] {
  return isFlat(text) ? text.split('') : Array.from(text);
}

/** `[start, end)` in code points. */
export function sliceChars(text: string, start: number, end: number): string {
  return isFlat(text) ? text.slice(start, end) : Array.from(text).slice(start, end).join('');
}

/** Code points before a UTF-16 offset. */
export function charIndex(text: string, offset: number): number {
  return offset <= 0 ? offset : charLength(text.slice(0, offset));
}

function isSpaceCode(code: number): boolean {
  if (code < 0x80)
    return code === 0x20 || (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x1f);
  return ONLY_SPACE.test(String.fromCharCode(code));
}

/** `strip` without arguments. */
export function stripSpace(text: string, { left = true, right = true } = {}): string {
  let start = 0;
  let end = text.length;
  if (left) while (start < end && isSpaceCode(text.charCodeAt(start))) start++;
  if (right) while (end > start && isSpaceCode(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** `strip` of any of these characters. */
export function stripChars(
  text: string,
  chars: string,
  { left = true, right = true } = {},
): string {
  const set = new Set(chars);
  const items = charsOf(text);
  let start = 0;
  let end = items.length;
  if (left) while (start < end && set.has(items[start] ?? '')) start++;
  if (right) while (end > start && set.has(items[end - 1] ?? '')) end--;
  return start === 0 && end === items.length ? text : items.slice(start, end).join('');
}

/** `split` at white space; the rest after `limit` splits stays as it is. Negative = no limit. */
export function splitSpace(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = text.replace(LEADING_SPACE, '');
  while (rest !== '') {
    SPACES.lastIndex = 0;
    if (parts.length === limit) return [...parts, rest];
    if (limit < 0) return stripSpace(rest).split(SPACES);
    const space = SPACES.exec(rest);
    if (space === null) return [...parts, rest];
    parts.push(rest.slice(0, space.index));
    rest = rest.slice(space.index + space[0].length);
  }
  return parts;
}

export function rsplitSpace(text: string, limit: number): string[] {
  if (limit < 0) return splitSpace(text, limit);
  const parts: string[] = [];
  let rest = stripSpace(text, { left: false });
  while (rest !== '') {
    let at = rest.length;
    while (at > 0 && !isSpaceCode(rest.charCodeAt(at - 1))) at--;
    if (parts.length === limit) return [rest, ...parts];
    parts.unshift(rest.slice(at));
    rest = stripSpace(rest.slice(0, at), { left: false });
  }
  return parts;
}

export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const match of text.matchAll(LINE_BREAK)) {
    lines.push(text.slice(start, keepEnds ? match.index + match[0].length : match.index));
    start = match.index + match[0].length;
  }
  return start < text.length ? [...lines, text.slice(start)] : lines;
}

const TITLE_PAIRS: Readonly<Record<string, string>> = {
  Ǆ: 'ǅ',
  ǆ: 'ǅ',
  ǅ: 'ǅ',
  Ǉ: 'ǈ',
  ǉ: 'ǈ',
  ǈ: 'ǈ',
  Ǌ: 'ǋ',
  ǌ: 'ǋ',
  ǋ: 'ǋ',
  Ǳ: 'ǲ',
  ǳ: 'ǲ',
  ǲ: 'ǲ',
};
const GEORGIAN = /[\u10d0-\u10ff]/;

function titleChar(char: string): string {
  const pair = TITLE_PAIRS[char];
  if (pair !== undefined) return pair;
  if (GEORGIAN.test(char)) return char;
  const [first = '', ...rest] = char.toUpperCase();
  return first + rest.join('').toLowerCase();
}

export function capitalize(text: string): string {
  const [first = ''] = text;
  return titleChar(first) + text.slice(first.length).toLowerCase();
}

const CASED = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;

/** `str.title`: each run of cased characters begins with a capital. */
export function titleCase(text: string): string {
  return text.replace(/[\p{Lowercase}\p{Uppercase}\p{Lt}]+/gu, (word) => capitalize(word));
}

export function swapCase(text: string): string {
  const swap = (char: string): string =>
    /\p{Uppercase}/u.test(char) ? char.toLowerCase() : char.toUpperCase();
  return charsOf(text).map(swap).join('');
}

const DIGIT = '\\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒';

const whole = (chars: string) => {
  const pattern = new RegExp(`^[${chars}]+$`, 'u');
  return (text: string): boolean => pattern.test(text);
};

/** The questions of `str.is…`, all false for an empty text but `isascii` and `isprintable`. */
export const CHARACTER_TESTS: Readonly<Record<string, (text: string) => boolean>> = {
  isalnum: whole(`\\p{L}\\p{N}`),
  isalpha: whole('\\p{L}'),
  isdecimal: whole('\\p{Nd}'),
  isdigit: whole(DIGIT),
  isnumeric: whole('\\p{N}'),
  isspace: whole(SPACE_CLASS),
  isascii: (text) => !/[^\0-\x7f]/.test(text),
  isprintable: (text) => !/[^\P{C} ]|[^\P{Z} ]/u.test(text),
  isidentifier: (text) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(text),
  islower: (text) => CASED.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isupper: (text) => CASED.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
  istitle: (text) => CASED.test(text) && titleCase(text) === text,
};
