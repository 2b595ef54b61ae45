/** Strings of JSON: their patterns, lengths and formats. */
import { IMPOSSIBLE, repeat, type Expr } from '../expr.js';
import { searchRegex, wholeRegex } from '../regex.js';
import { type Spelling } from './spelling.js';

/** Strings in which the pattern is found. @throws GrammarError of the pattern */
export function patternString(pattern: string, spelling: Spelling): Expr {
  return spelling.of(searchRegex(pattern));
}

/**
 * Strings in which the pattern is found, of bounded length; null where that is more than a grammar can hold.
 * @throws GrammarError of the pattern
 */
export function boundedPattern(
  pattern: string,
  { min, max }: { readonly min: number; readonly max: number },
  spelling: Spelling,
): Expr | null {
  const expr = searchRegex(pattern);
  const [least, most] = widthOf(expr);
  if (least >= min && most <= max) return spelling.of(expr);
  const run = soleRun(expr);
  if (run === null) return null;
  const bounded = repeat(run.item, Math.max(min, run.min), Math.min(max, run.max));
  if (bounded.kind === 'repeat' && bounded.min > bounded.max) return IMPOSSIBLE;
  return spelling.of(bounded);
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
export function formatString(format: string, spelling: Spelling): Expr | null | undefined {
  const pattern = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (pattern !== undefined) return spelling.of(wholeRegex(pattern));
  return REFUSED_FORMATS.has(format) ? undefined : null;
}
