/** How the characters of strings are written: between quotes, or bare between tags. */
import {
  ANY_CHAR,
  both,
  charsIn,
  charsOf,
  codeOf,
  hasChar,
  without,
  type CharRanges,
} from '../chars.js';
import { NOTHING, alt, cat, chars, repeat, rule, text, type Expr } from '../expr.js';

export interface Spelling {
  /** Any string; null = what comes behind it says where it ends. */
  readonly any: Expr | null;
  /** Lengths count characters, as JSON Schema does. */
  run(min: number, max: number): Expr;
  /** The string that these characters are. */
  of(characters: Expr): Expr;
  /** A key that is none of `names`, without escapes, so that no other spelling means one of them. */
  key(names: readonly string[]): Expr;
}

/** Name of the rule for one character inside quotes. */
export const CHAR_RULE = 'char';
const QUOTE = text('"');
const HEX: CharRanges = charsOf([
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
]);
const NO_SURROGATE = without(HEX, charsIn('dD'));
const CONTROLS = charsOf([[0, 0x1f]]);
/** What stands for itself inside quotes. */
const PLAIN = without(ANY_CHAR, charsOf([...CONTROLS, [0x22, 0x22], [0x5c, 0x5c]]));
/** What begins no tag. */
const NO_TAG = without(ANY_CHAR, charsIn('<'));
/** Of a key between tags, about: the readers of calls take no longer ones than 256. */
const MAX_KEY_CHARS = 64;
/** Characters of keys between tags. */
const KEY_CHAR: CharRanges = charsOf([[0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a], ...charsIn('_-.')]);

/** Behind a backslash; no half of a surrogate pair. */
const ESCAPE = alt(
  chars(charsIn('"\\/bfnrt')),
  cat(text('u'), chars(NO_SURROGATE), repeat(chars(HEX), 3, 3)),
  cat(text('u'), chars(charsIn('dD')), chars(charsOf([[0x30, 0x37]])), repeat(chars(HEX), 2, 2)),
);

/** One character of {@link CHAR_RULE}, escaped or not. */
export const JSON_CHAR: Expr = alt(chars(PLAIN), cat(text('\\'), ESCAPE));

/** Between quotes, with escapes. */
export const QUOTED: Spelling = {
  any: quoted(repeat(rule(CHAR_RULE), 0)),
  run: (min, max) => quoted(repeat(rule(CHAR_RULE), min, max)),
  of: (characters) => quoted(spelled(characters)),
  key: (names) =>
    names.length === 0
      ? quoted(repeat(rule(CHAR_RULE), 0))
      : quoted(notOneOf(namesIn(names, PLAIN), PLAIN, Infinity)),
};

/** As it is, up to a tag: where many characters are possible, none is a `<`. */
export const BARE: Spelling = {
  any: null,
  run: (min, max) => repeat(chars(NO_TAG), min, max),
  of: withoutTags,
  key: (names) => notOneOf(namesIn(['', ...names], KEY_CHAR), KEY_CHAR, MAX_KEY_CHARS),
};

/** Between quotes, in a value that ends at the first of these tags. */
export function quotedWithout(tags: readonly string[]): Spelling {
  const controls = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code));
  const plain = both(PLAIN, NO_TAG);
  const char = alt(chars(plain), cat(text('\\'), ESCAPE));
  const never = [...tags, ...controls];
  return {
    any: cat(QUOTE, { kind: 'until', close: '"', never, escape: { mark: '\\', then: ESCAPE } }),
    run: (min, max) => quoted(repeat(char, min, max)),
    of: (characters) => quoted(spelled(withoutTags(characters))),
    key: (names) => quoted(notOneOf(namesIn(names, plain), plain, Infinity)),
  };
}

function quoted(characters: Expr): Expr {
  return cat(QUOTE, characters, QUOTE);
}

/** Each character as it is spelled inside quotes. */
function spelled(expr: Expr): Expr {
  if (expr.kind === 'chars') return spelledChars(expr.chars);
  if (expr.kind === 'text') return text(JSON.stringify(expr.text).slice(1, -1));
  return withParts(expr, spelled);
}

/** One character alone stays what it is. */
function withoutTags(expr: Expr): Expr {
  if (expr.kind !== 'chars') return withParts(expr, withoutTags);
  const left = both(expr.chars, NO_TAG);
  return left.length === 0 ? expr : chars(left);
}

/** The expression with its parts changed. */
function withParts(expr: Expr, change: (part: Expr) => Expr): Expr {
  switch (expr.kind) {
    case 'cat':
    case 'alt':
      return { ...expr, items: expr.items.map(change) };
    case 'repeat':
      return { ...expr, item: change(expr.item) };
    default:
      return expr;
  }
}

function spelledChars(ranges: CharRanges): Expr {
  const items: Expr[] = [chars(both(ranges, PLAIN))];
  for (let code = 0; code <= 0x5c; code++) {
    if (!hasChar(PLAIN, code) && hasChar(ranges, code)) {
      items.push(text(JSON.stringify(String.fromCodePoint(code)).slice(1, -1)));
    }
  }
  return { kind: 'alt', items };
}

/** The names that can be written in this alphabet. */
function namesIn(names: readonly string[], alphabet: CharRanges): readonly (readonly string[])[] {
  return names
    .map((name) => Array.from(name))
    .filter((name) => name.every((char) => hasChar(alphabet, codeOf(char))));
}

function notOneOf(names: readonly (readonly string[])[], alphabet: CharRanges, most: number): Expr {
  if (names.length === 0) return repeat(chars(alphabet), 0, most);
  const byFirst = new Map<string, string[][]>();
  for (const [first, ...rest] of names) {
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), rest]);
  }
  const others = without(alphabet, charsIn([...byFirst.keys()].join('')));
  const items: Expr[] = [cat(chars(others), repeat(chars(alphabet), 0, most))];
  if (names.every((name) => name.length > 0)) items.push(NOTHING);
  for (const [first, rests] of byFirst)
    items.push(cat(text(first), notOneOf(rests, alphabet, most)));
  return alt(...items);
}
