/** Strings of JSON: their characters, lengths, patterns and formats. */
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
import { IMPOSSIBLE, alt, cat, chars, repeat, rule, text, type Expr } from '../expr.js';
import { searchRegex, wholeRegex } from '../regex.js';

/** Name of the rule for one character inside quotes. */
export const CHAR_RULE = 'char';
const QUOTE = text('"');
const HEX: CharRanges = charsOf([
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
]);
const NO_SURROGATE = without(HEX, charsIn('dD'));
/** What stands for itself inside quotes. */
const PLAIN = without(
  ANY_CHAR,
  charsOf([
    [0, 0x1f],
    [0x22, 0x22],
    [0x5c, 0x5c],
  ]),
);
const SHORT_ESCAPES = '"\\/bfnrt';

/** One character, escaped or not; no half of a surrogate pair. */
export const JSON_CHAR: Expr = alt(
  chars(PLAIN),
  cat(
    text('\\'),
    alt(
      chars(charsIn(SHORT_ESCAPES)),
      cat(text('u'), chars(NO_SURROGATE), repeat(chars(HEX), 3, 3)),
      cat(
        text('u'),
        chars(charsIn('dD')),
        chars(charsOf([[0x30, 0x37]])),
        repeat(chars(HEX), 2, 2),
      ),
    ),
  ),
);

/** Lengths count characters, as JSON Schema does. */
export function anyString(min = 0, max = Infinity): Expr {
  return cat(QUOTE, repeat(rule(CHAR_RULE), min, max), QUOTE);
}

/** Strings in which the pattern is found. @throws GrammarError of the pattern */
export function patternString(pattern: string): Expr {
  return cat(QUOTE, spelled(searchRegex(pattern)), QUOTE);
}

/**
 * Strings in which the pattern is found, of bounded length; null where that is more than a grammar can hold.
 * @throws GrammarError of the pattern
 */
export function boundedPattern(pattern: string, min: number, max: number): Expr | null {
  const expr = searchRegex(pattern);
  const [least, most] = widthOf(expr);
  if (least >= min && most <= max) return cat(QUOTE, spelled(expr), QUOTE);
  const run = soleRun(expr);
  if (run === null) return null;
  const bounded = repeat(run.item, Math.max(min, run.min), Math.min(max, run.max));
  if (bounded.kind === 'repeat' && bounded.min > bounded.max) return IMPOSSIBLE;
  return cat(QUOTE, spelled(bounded), QUOTE);
}

/** A pattern that is one class of characters, so many times. */
function soleRun(expr: Expr): Extract<Expr, { kind: 'repeat' }> | null {
  if (expr.kind === 'repeat') return expr.item.kind === 'chars' ? expr : null;
  const parts = expr.kind === 'cat' ? expr.items.filter((item) => !isNothing(item)) : [];
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? soleRun(only) : null;
}

function isNothing(expr: Expr): boolean {
  return expr.kind === 'cat' && expr.items.length === 0;
}

/** Fewest and most characters. */
function widthOf(expr: Expr): readonly [number, number] {
  switch (expr.kind) {
    case 'chars':
      return [1, 1];
    case 'text':
      return [Array.from(expr.text).length, Array.from(expr.text).length];
    case 'cat':
      return expr.items
        .map(widthOf)
        .reduce(([a, b], [c, d]): [number, number] => [a + c, b + d], [0, 0]);
    case 'alt': {
      const widths = expr.items.map(widthOf);
      return [
        widths.reduce((least, [a]) => Math.min(least, a), Infinity),
        widths.reduce((most, [, b]) => Math.max(most, b), 0),
      ];
    }
    case 'repeat': {
      const [least, most] = widthOf(expr.item);
      return [least * expr.min, most === 0 || expr.max === 0 ? 0 : most * expr.max];
    }
    default:
      return [0, Infinity];
  }
}

/** Patterns of formats that a checker's own are wider than. Dates leave February 29 out. */
const DATE =
  '(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])))';
const TIME =
  '(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?';
const HOST = `${LABEL}(?:\\.${LABEL}){0,4}`;
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const PATH = '(?:/[A-Za-z0-9._~-]{0,64}){0,16}';
const QUERY = '(?:\\?[A-Za-z0-9._~=&-]{0,128})?(?:#[A-Za-z0-9._~-]{0,64})?';

const FORMATS: Readonly<Record<string, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  duration:
    'P(?:[0-9]{1,6}W|[0-9]{1,6}Y|[0-9]{1,6}M|[0-9]{1,6}D(?:T[0-9]{1,6}[HMS])?|T[0-9]{1,6}[HMS])',
  email: `[a-z0-9_+-]{1,32}(?:\\.[a-z0-9_+-]{1,32}){0,2}@${LABEL}(?:\\.${LABEL}){1,3}`,
  hostname: HOST,
  ipv4: `(?:${OCTET}\\.){3}${OCTET}`,
  ipv6: '(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}',
  uri: `https?://${HOST}(?::[1-9][0-9]{0,3})?${PATH}${QUERY}`,
  'uri-reference': `${PATH}${QUERY}`,
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  'json-pointer': '(?:/[A-Za-z0-9._-]{0,64}){0,16}',
};

/** Formats of the specification that say something, and that no grammar here holds. */
const REFUSED_FORMATS = new Set(
  'idn-email idn-hostname iri iri-reference uri-template relative-json-pointer regex'.split(' '),
);

/** Null = an annotation; undefined = it cannot be held. */
export function formatString(format: string): Expr | null | undefined {
  const pattern = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (pattern !== undefined) return cat(QUOTE, spelled(wholeRegex(pattern)), QUOTE);
  return REFUSED_FORMATS.has(format) ? undefined : null;
}

/** Each character as it is spelled inside quotes. */
function spelled(expr: Expr): Expr {
  switch (expr.kind) {
    case 'chars':
      return spelledChars(expr.chars);
    case 'text':
      return text(JSON.stringify(expr.text).slice(1, -1));
    case 'cat':
    case 'alt':
      return { ...expr, items: expr.items.map(spelled) };
    case 'repeat':
      return { ...expr, item: spelled(expr.item) };
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

/** A key that is none of `names`, without escapes, so that no other spelling means one of them. */
export function otherKey(names: Iterable<string>): Expr {
  const wanted = [...names].map((name) => Array.from(name));
  const plain = wanted.filter((name) => name.every((char) => hasChar(PLAIN, codeOf(char))));
  return cat(QUOTE, notOneOf(plain));
}

function notOneOf(names: readonly (readonly string[])[]): Expr {
  if (names.length === 0) return cat(repeat(chars(PLAIN), 0), QUOTE);
  const byFirst = new Map<string, string[][]>();
  for (const [first, ...rest] of names) {
    if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), rest]);
  }
  const others = without(PLAIN, charsIn([...byFirst.keys()].join('')));
  const items: Expr[] = [cat(chars(others), repeat(chars(PLAIN), 0), QUOTE)];
  if (names.every((name) => name.length > 0)) items.push(QUOTE);
  for (const [first, rests] of byFirst) items.push(cat(text(first), notOneOf(rests)));
  return alt(...items);
}
