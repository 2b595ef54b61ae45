import {
  capitalize,
  charLength,
  sliceChars,
  splitLines,
  stripChars,
  stripSpace,
} from './characters.js';
import { isTrue } from './compare.js';
import { raise, typeError } from './errors.js';
import { formatPercent } from './percent-format.js';
import { escapeHtml, forceEscape, stripTags } from './html.js';
import { jsonText } from './json-text.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { filter, type Filter } from './runtime.js';
import { each, isIterable, lengthOf, toArray } from './sequences.js';
import { show } from './show.js';
import { callTextMethod, joinTexts, replaceText } from './text-methods.js';
import { attributeGetter } from './attribute-path.js';
import { Dict, isText, Markup, textOf, Tuple, typeName, Undefined, type Value } from './values.js';

/** A filter that asks nothing but the text. Markup stays Markup. */
const onText = (change: (text: string) => string): Filter =>
  filter('', (value, _, { meter }) => {
    const text = show(value, meter);
    meter.chars(text.length * 2);
    const changed = change(text);
    meter.chars(changed.length);
    return value instanceof Markup ? new Markup(changed) : changed;
  });

const WORD_START = /([-\s({[<]+)/;

/** `title` of Jinja2, which is not `str.title`: words begin after white space, hyphens and brackets. */
function title(text: string): string {
  const words = text.split(WORD_START).map((word) => {
    const [first = ''] = word;
    return first.toUpperCase() + word.slice(first.length).toLowerCase();
  });
  return words.join('');
}

function indent(
  value: Value,
  [width, first, blank]: readonly (Value | undefined)[],
  meter: Meter,
): Value {
  if (value instanceof Undefined) raise(value.kind, value.message);
  if (!isText(value))
    return typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  const indention =
    width !== undefined && isText(width)
      ? textOf(width)
      : ' '.repeat(Math.min(Math.max(0, toIndex(width ?? 4)), 65_536));
  const lines = splitLines(`${textOf(value)}\n`);
  meter.chars(textOf(value).length + lines.length * indention.length);
  const isAll = isTrue(blank ?? false);
  const body = lines.map((line, i) =>
    i === 0 || (line === '' && !isAll) ? line : indention + line,
  );
  const text = (isTrue(first ?? false) ? indention : '') + body.join('\n');
  return value instanceof Markup ? new Markup(text) : text;
}

function truncate(
  text: string,
  [length, killwords, end, leeway]: readonly (Value | undefined)[],
): string {
  const limit = toIndex(length ?? 255);
  const ending =
    end === undefined ? '...' : isText(end) ? textOf(end) : typeError('end must be str');
  const slack = leeway === undefined || leeway === null ? 5 : toIndex(leeway);
  const kept = limit - charLength(ending);
  if (kept < 0) raise('AssertionError', `expected length >= ${charLength(ending)}, got ${limit}`);
  if (slack < 0) raise('AssertionError', `expected leeway >= 0, got ${slack}`);
  if (charLength(text) <= limit + slack) return text;
  const cut = sliceChars(text, 0, kept);
  if (isTrue(killwords ?? false)) return cut + ending;
  const space = cut.lastIndexOf(' ');
  return (space === -1 ? cut : cut.slice(0, space)) + ending;
}

/** What has a length and is no text stays as it is when it is short. */
function short(
  value: Value,
  [length, , , leeway]: readonly (Value | undefined)[],
  meter: Meter,
): Value {
  const size =
    lengthOf(value, meter) ?? typeError(`object of type '${typeName(value)}' has no len()`);
  if (size <= toIndex(length ?? 255) + toIndex(leeway ?? 5)) return value;
  return typeError(`'${typeName(value)}' object cannot be truncated`);
}

const UNSAFE_IN_URL = /[^\w.~/-]/gu;

function urlQuote(value: Value, isQuery: boolean, meter: Meter): string {
  const text = show(value, meter);
  meter.chars(text.length * 9);
  const quoted = text.replace(UNSAFE_IN_URL, (char) =>
    Array.from(
      Buffer.from(char),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join(''),
  );
  return isQuery ? quoted.replaceAll('/', '%2F').replaceAll('%20', '+') : quoted;
}

function urlEncode(value: Value, meter: Meter): string {
  if (isText(value) || !isIterable(value)) return urlQuote(value, false, meter);
  const pairs =
    value instanceof Dict
      ? [...value.entries()]
      : [...each(value, meter)].map((pair) => toArray(pair, meter));
  if (pairs.some((pair) => pair.length !== 2)) {
    raise('ValueError', 'not enough values to unpack (expected 2)');
  }
  return pairs.map((pair) => pair.map((part) => urlQuote(part, true, meter)).join('=')).join('&');
}

const ATTRIBUTE_BREAK = /[ \t\n\r\f\v/>=]/;

function xmlAttributes(value: Value, isSpaced: boolean, meter: Meter): string {
  if (value instanceof Undefined) raise(value.kind, value.message);
  if (!(value instanceof Dict))
    return raise('AttributeError', `'${typeName(value)}' object has no attribute 'items'`);
  const parts: string[] = [];
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof Undefined) continue;
    if (!isText(key)) typeError(`expected string or bytes-like object, got '${typeName(key)}'`);
    const name = textOf(key);
    if (ATTRIBUTE_BREAK.test(name))
      raise('ValueError', `Invalid character in attribute name: '${name.slice(0, 100)}'`);
    parts.push(`${escapeHtml(key, meter).text}="${escapeHtml(item, meter).text}"`);
  }
  const text = joinTexts(' ', parts, meter);
  return isSpaced && text !== '' ? ` ${text}` : text;
}

export const TEXT_FILTERS: readonly (readonly [string, Filter])[] = [
  [
    'string',
    filter('', (value, _, { meter }) => (value instanceof Markup ? value : show(value, meter))),
  ],
  ['upper', onText((text) => text.toUpperCase())],
  ['lower', onText((text) => text.toLowerCase())],
  ['capitalize', onText(capitalize)],
  ['title', onText(title)],
  [
    'wordcount',
    filter('', (value, _, { meter }) => {
      const text = show(value, meter);
      meter.chars(text.length * 2);
      return text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
    }),
  ],
  [
    'trim',
    filter('chars?', (value, [chars], { meter }) => {
      const text = show(value, meter);
      meter.chars(text.length);
      const isSet = chars !== undefined && chars !== null;
      return isSet
        ? stripChars(
            text,
            isText(chars) ? textOf(chars) : typeError('strip arg must be None or str'),
          )
        : stripSpace(text);
    }),
  ],
  [
    'center',
    filter('width?', (value, [width], { meter }) =>
      callTextMethod({ name: 'center', self: show(value, meter), meter }, [width ?? 80], new Map()),
    ),
  ],
  [
    'replace',
    filter('old new count?', (value, [old, fresh, count], { meter }) =>
      replaceText(
        show(value, meter),
        [show(old ?? null, meter), show(fresh ?? null, meter)],
        count === undefined || count === null ? -1 : toIndex(count),
        meter,
      ),
    ),
  ],
  [
    'indent',
    filter('width? first? blank?', (value, args, { meter }) => indent(value, args, meter)),
  ],
  [
    'truncate',
    filter('length? killwords? end? leeway?', (value, args, { meter }) => {
      if (!isText(value)) return short(value, args, meter);
      meter.chars(textOf(value).length);
      return truncate(textOf(value), args);
    }),
  ],
  [
    'join',
    filter('d? attribute?', (value, [separator, attribute], { meter }) => {
      const get =
        attribute === undefined || attribute === null
          ? (item: Value): Value => item
          : attributeGetter({ attribute, isCaseSensitive: true }, meter);
      const texts = [...each(value, meter)].map((item) => show(get(item), meter));
      return joinTexts(show(separator ?? '', meter), texts, meter);
    }),
  ],
  [
    'format',
    {
      params: null,
      run: (value, args, { meter }, kwargs) => {
        if (args.length > 0 && kwargs.size > 0) {
          raise(
            'FilterArgumentError',
            "can't handle positional and keyword arguments at the same time",
          );
        }
        const given = args.map((arg) => arg ?? null);
        const values = kwargs.size > 0 ? Dict.of(kwargs) : new Tuple(given);
        return formatPercent(show(value, meter), values, meter);
      },
    },
  ],
  [
    'tojson',
    filter('ensure_ascii? indent? separators? sort_keys?', (value, args, { meter }) => {
      const [ensureAscii = false, indention = null, separators = null, sortKeys = false] = args;
      return jsonText(value, { ensureAscii, indent: indention, separators, sortKeys }, meter);
    }),
  ],
  ['safe', filter('', (value, _, { meter }) => new Markup(show(value, meter)))],
  ['escape', filter('', (value, _, { meter }) => escapeHtml(value, meter))],
  ['e', filter('', (value, _, { meter }) => escapeHtml(value, meter))],
  ['forceescape', filter('', (value, _, { meter }) => forceEscape(show(value, meter), meter))],
  ['striptags', filter('', (value, _, { meter }) => stripTags(show(value, meter), meter))],
  ['urlencode', filter('', (value, _, { meter }) => urlEncode(value, meter))],
  [
    'xmlattr',
    filter('autospace?', (value, [autospace], { meter }) =>
      xmlAttributes(value, isTrue(autospace ?? true), meter),
    ),
  ],
];
