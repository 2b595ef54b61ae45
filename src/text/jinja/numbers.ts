import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { PyFloat, isInt, isText, textOf, typeName, Undefined, type Value } from './values.js';

/** Python refuses to read or print longer integers. */
const MAX_INT_DIGITS = 4300;
const INT_TEXT = /^([-+]?)(\d(?:_?\d)*)$/;
const FLOAT_TEXT =
  /^[-+]?(?:(?:\d(?:_?\d)*)?\.?(?:\d(?:_?\d)*)?(?:e[-+]?\d(?:_?\d)*)?|inf(?:inity)?|nan)$/i;

/** A bigint that is a safe integer as a number: each int has one form. */
export function normalInt(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

export function bigOf(value: number | bigint | boolean): bigint {
  return BigInt(value);
}

/** An int as Python prints it. @throws TemplateError ValueError beyond 4,300 digits */
export function intText(value: number | bigint | boolean): string {
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
  if (text.length > MAX_INT_DIGITS + 1) tooManyDigits();
  return text;
}

function tooManyDigits(): never {
  raise('ValueError', `Exceeds the limit (${MAX_INT_DIGITS} digits) for integer string conversion`);
}

/** `0x1f`, `1_000`, … of a template. */
export function parseIntLiteral(text: string): number | bigint {
  if (text.length > MAX_INT_DIGITS) tooManyDigits();
  return normalInt(BigInt(text.replaceAll('_', '').toLowerCase()));
}

/** Digits of a JSON number or of `int('…')`, with their sign. */
export function parseDecimalInt(text: string): number | bigint {
  if (text.length <= 15) return Number(text) + 0;
  if (text.length > MAX_INT_DIGITS) tooManyDigits();
  return normalInt(BigInt(text));
}

const DIGITS_OF_BASE = '0123456789abcdefghijklmnopqrstuvwxyz';

/** `int(text, base)`. @throws TemplateError ValueError */
export function parseInt_(text: string, base: number): number | bigint {
  const fail = (): never =>
    raise('ValueError', `invalid literal for int() with base ${base}: '${text.slice(0, 100)}'`);
  const clean = text.trim();
  if (base === 10) {
    const match = INT_TEXT.exec(clean);
    if (match === null) return fail();
    return parseDecimalInt((match[1] === '-' ? '-' : '') + (match[2] ?? '').replaceAll('_', ''));
  }
  if (base !== 0 && (base < 2 || base > 36))
    raise('ValueError', 'int() base must be >= 2 and <= 36, or 0');
  const match = /^([-+]?)(0[box])?_?([0-9a-z]+(?:_[0-9a-z]+)*)$/i.exec(clean);
  if (match === null) return fail();
  const prefixed = { '0b': 2, '0o': 8, '0x': 16 }[(match[2] ?? '').toLowerCase()];
  const isPrefix = prefixed !== undefined && (base === 0 || base === prefixed);
  const digits = ((isPrefix ? '' : (match[2] ?? '')) + (match[3] ?? ''))
    .replaceAll('_', '')
    .toLowerCase();
  if (digits.length > MAX_INT_DIGITS) tooManyDigits();
  const radix = isPrefix ? prefixed : base === 0 ? 10 : base;
  let total = 0n;
  for (const char of digits) {
    const digit = DIGITS_OF_BASE.indexOf(char);
    if (digit >= radix) return fail();
    total = total * BigInt(radix) + BigInt(digit);
  }
  return normalInt(match[1] === '-' ? -total : total);
}

/** `float(text)`. @throws TemplateError ValueError */
export function parseFloatText(text: string): number {
  const clean = text.trim();
  if (!FLOAT_TEXT.test(clean) || !/\d|inf|nan/i.test(clean)) {
    raise('ValueError', `could not convert string to float: '${text.slice(0, 100)}'`);
  }
  if (/nan/i.test(clean)) return NaN;
  if (/inf/i.test(clean)) return clean.startsWith('-') ? -Infinity : Infinity;
  return Number(clean.replaceAll('_', ''));
}

/** `repr` of a float: the shortest digits that give it back, with an exponent from 1e16 and below 1e-4. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const [mantissa = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = String(value).includes('e')
    ? value.toFixed(Math.max(0, digitsAfter(mantissa) - exponent))
    : String(value);
  return text.includes('.') ? text : `${text}.0`;
}

function digitsAfter(mantissa: string): number {
  return mantissa.split('.')[1]?.length ?? 0;
}

/** A number as a double. @throws TemplateError TypeError, OverflowError */
export function toDouble(value: Value): number {
  if (value instanceof PyFloat) return value.value;
  if (typeof value === 'bigint') {
    const double = Number(value);
    if (!Number.isFinite(double)) raise('OverflowError', 'int too large to convert to float');
    return double;
  }
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Undefined) raise(value.kind, value.message);
  return typeError(`must be real number, not ${typeName(value)}`);
}

/** `int(x)` of a number or text, towards zero. @throws TemplateError */
export function toInt(value: Value, base = 10): number | bigint {
  if (isText(value)) return parseInt_(textOf(value), base);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isInt(value)) return value;
  if (value instanceof PyFloat) {
    if (Number.isNaN(value.value)) raise('ValueError', 'cannot convert float NaN to integer');
    if (!Number.isFinite(value.value))
      raise('OverflowError', 'cannot convert float infinity to integer');
    return normalInt(BigInt(Math.trunc(value.value)));
  }
  return typeError(
    `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
  );
}

/** An int that counts or places something. @throws TemplateError TypeError for what is none */
export function toIndex(value: Value): number {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isInt(value)) return Number(value);
  return typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** Bits that an int needs. */
export function bitsOf(value: number | bigint | boolean): number {
  return typeof value === 'bigint' ? value.toString(16).length * 4 : 53;
}

/** Pays for an int that arithmetic made. */
export function paidInt(value: bigint, meter: Meter): number | bigint {
  const result = normalInt(value);
  if (typeof result === 'bigint') meter.integer(bitsOf(result));
  return result;
}
