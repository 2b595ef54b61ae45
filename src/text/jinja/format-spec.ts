import { charLength, sliceChars } from './characters.js';
import { toExponential, toFixed, toGeneral } from './decimal.js';
import { raise } from './errors.js';
import type { Meter } from './meter.js';
import { floatText, intText, toDouble } from './numbers.js';
import { show } from './show.js';
import { isInt, isText, PyFloat, textOf, typeName, type Value } from './values.js';

/** `[[fill]align][sign][#][0][width][grouping][.precision][type]` */
const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u;
/** More digits than a double has, and more columns than a prompt needs. */
const MAX_DIGITS = 2000;

export interface NumberLayout {
  readonly sign: string;
  readonly isAlternate: boolean;
  readonly precision: number | null;
}

/** `format(value, spec)`. @throws TemplateError ValueError, TypeError */
export function formatValue(value: Value, spec: string, meter: Meter): string {
  if (spec === '') return show(value, meter);
  const match = SPEC.exec(spec);
  if (match === null) return raise('ValueError', 'Invalid format specifier');
  const [, fill, align, sign, , alternate, zero, widthText, grouping, precisionText, type] = match;
  const width = boundedDigits(widthText, meter);
  const precision = precisionText === undefined ? null : boundedDigits(precisionText, meter);
  const layout = { sign: sign ?? '-', isAlternate: alternate !== undefined, precision };
  if (isText(value)) {
    if (type !== undefined && type !== 's') unknownCode(type, value);
    if (sign !== undefined) raise('ValueError', 'Sign not allowed in string format specifier');
    if (grouping !== undefined) raise('ValueError', `Cannot specify '${grouping}' with 's'.`);
    if (align === '=') raise('ValueError', "'=' alignment not allowed in string format specifier");
    const text = textOf(value);
    const shown = precision === null ? text : sliceChars(text, 0, precision);
    return pad(shown, {
      fill: fill ?? (zero === undefined ? ' ' : '0'),
      align: align ?? '<',
      width,
    });
  }
  if (!isInt(value) && !(value instanceof PyFloat)) {
    return raise('TypeError', `unsupported format string passed to ${typeName(value)}.__format__`);
  }
  const body = grouped(numberText(value, type, layout), grouping);
  return pad(body, {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (zero === undefined ? '>' : '='),
    width,
  });
}

function boundedDigits(text: string | undefined, meter: Meter): number {
  const count = Number(text ?? 0);
  meter.chars(count);
  return count;
}

function unknownCode(type: string, value: Value): never {
  raise('ValueError', `Unknown format code '${type}' for object of type '${typeName(value)}'`);
}

function numberText(
  value: number | bigint | boolean | PyFloat,
  type: string | undefined,
  layout: NumberLayout,
): string {
  const isFloatType = type !== undefined && 'eEfFgG%'.includes(type);
  if (value instanceof PyFloat || isFloatType)
    return floatBody(toDouble(value), type, layout, value);
  if (typeof value === 'boolean' && type === undefined && layout.precision === null)
    return intBody(value ? 1 : 0, 'd', layout);
  if (layout.precision !== null)
    raise('ValueError', 'Precision not allowed in integer format specifier');
  if (type !== undefined && !'bcdnoxX'.includes(type)) return unknownCode(type, value);
  return intBody(value, type ?? 'd', layout);
}

const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16, X: 16 };

/** With its sign and, if asked for, its prefix. */
export function intBody(
  value: number | bigint | boolean,
  type: string,
  layout: NumberLayout,
): string {
  if (type === 'c') return String.fromCodePoint(Number(value));
  const isNegative = Number(value) < 0;
  const size = isNegative ? -BigInt(value) : BigInt(value);
  const radix = RADIX[type];
  const digits = radix === undefined ? intText(size) : size.toString(radix);
  const prefix = layout.isAlternate && radix !== undefined ? `0${type}` : '';
  return signOf(isNegative, layout.sign) + prefix + (type === 'X' ? digits.toUpperCase() : digits);
}

function signOf(isNegative: boolean, sign: string): string {
  return isNegative ? '-' : sign === '-' ? '' : sign;
}

function floatBody(
  value: number,
  type: string | undefined,
  layout: NumberLayout,
  shown: Value,
): string {
  const isNegative = value < 0 || Object.is(value, -0);
  const size = Math.abs(value);
  if (type !== undefined && !'eEfFgGn%'.includes(type)) return unknownCode(type, shown);
  const text = Number.isFinite(size) ? floatDigits(size, type, layout) : floatText(size);
  const isUpper = type === 'E' || type === 'F' || type === 'G';
  return signOf(isNegative, layout.sign) + (isUpper ? text.toUpperCase() : text);
}

/** `e`, `f`, `g`, `%` of a value that is not negative; without a type as `repr`, or `g` with a precision. */
export function floatDigits(
  value: number,
  type: string | undefined,
  { precision, isAlternate }: NumberLayout,
): string {
  const places = Math.min(precision ?? 6, MAX_DIGITS);
  switch (type?.toLowerCase()) {
    case 'e':
      return toExponential(value, places);
    case 'f':
      return toFixed(value, places);
    case '%':
      return `${toFixed(value * 100, places)}%`;
    case 'g':
    case 'n':
      return toGeneral(value, places, isAlternate);
    default:
      return withoutType(value, precision, isAlternate);
  }
}

function withoutType(value: number, precision: number | null, isAlternate: boolean): string {
  const places = Math.min(precision ?? 0, MAX_DIGITS);
  if (precision === null) return floatText(value);
  const text = toGeneral(value, places, isAlternate);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Thousands, before the point. */
function grouped(text: string, separator: string | undefined): string {
  if (separator === undefined) return text;
  return text.replace(/\d+/, (digits) => digits.replace(/\B(?=(\d{3})+$)/g, separator));
}

export interface Padding {
  readonly fill: string;
  readonly align: string;
  readonly width: number;
}

export function pad(text: string, { fill, align, width }: Padding): string {
  const missing = width - charLength(text);
  if (missing <= 0) return text;
  if (align === '<') return text + fill.repeat(missing);
  if (align === '>') return fill.repeat(missing) + text;
  if (align === '=') {
    const sign = /^[-+ ]?(?:0[xXob](?=[\da-fA-F]))?/.exec(text)?.[0] ?? '';
    return sign + fill.repeat(missing) + text.slice(sign.length);
  }
  const left = Math.floor(missing / 2);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}
