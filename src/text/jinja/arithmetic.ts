import type { BinaryOperator } from './ast.js';
import { raise, typeError } from './errors.js';
import { escapeHtml } from './html.js';
import type { Meter } from './meter.js';
import { bigOf, bitsOf, paidInt, toDouble, toIndex } from './numbers.js';
import { formatPercent } from './percent-format.js';
import {
  isInt,
  isList,
  isText,
  Markup,
  PyFloat,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

type Int = number | bigint | boolean;

/** `left operator right`. @throws TemplateError TypeError, ZeroDivisionError, UndefinedError */
export function binary(operator: BinaryOperator, left: Value, right: Value, meter: Meter): Value {
  if (operator === '%' && isText(left)) return formatText(left, right, meter);
  failUndefined(left, right);
  if (isInt(left) && isInt(right)) return integers(operator, left, right, meter);
  if (isNumber(left) && isNumber(right)) {
    return new PyFloat(floats(operator, toDouble(left), toDouble(right)));
  }
  const joined =
    operator === '+'
      ? join(left, right, meter)
      : operator === '*'
        ? repeated(left, right, meter)
        : null;
  return joined ?? unsupported(operator, left, right);
}

function formatText(left: string | Markup, right: Value, meter: Meter): Value {
  if (typeof left === 'string') return formatPercent(left, right, meter);
  const escaped = (value: Value): Value => (isText(value) ? escapeHtml(value, meter).text : value);
  const values = right instanceof Tuple ? new Tuple(right.items.map(escaped)) : escaped(right);
  return new Markup(formatPercent(left.text, values, meter));
}

function failUndefined(...values: readonly Value[]): void {
  const one = values.find((value) => value instanceof Undefined);
  if (one !== undefined) raise(one.kind, one.message);
}

function isNumber(value: Value): value is Int | PyFloat {
  return isInt(value) || value instanceof PyFloat;
}

function unsupported(operator: BinaryOperator, left: Value, right: Value): never {
  if (operator === '+' && isText(left)) {
    typeError(`can only concatenate str (not "${typeName(right)}") to str`);
  }
  if (operator === '+' && isList(left)) {
    typeError(`can only concatenate list (not "${typeName(right)}") to list`);
  }
  if (operator === '+' && left instanceof Tuple) {
    typeError(`can only concatenate tuple (not "${typeName(right)}") to tuple`);
  }
  const name = operator === '**' ? '** or pow()' : operator;
  return typeError(
    `unsupported operand type(s) for ${name}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function integers(operator: BinaryOperator, left: Int, right: Int, meter: Meter): Value {
  if (typeof left !== 'bigint' && typeof right !== 'bigint') {
    const small = smallIntegers(operator, Number(left), Number(right));
    if (small !== null) return small;
  }
  if (operator === '/') return new PyFloat(divided(left, right));
  if (operator === '**') return power(left, right, meter);
  const [a, b] = [bigOf(left), bigOf(right)];
  meter.integer(bitsOf(left) + bitsOf(right));
  if (operator === '+') return paidInt(a + b, meter);
  if (operator === '-') return paidInt(a - b, meter);
  if (operator === '*') return paidInt(a * b, meter);
  if (b === 0n) return raise('ZeroDivisionError', 'integer division or modulo by zero');
  const remainder = ((a % b) + b) % b;
  return paidInt(operator === '%' ? remainder : (a - remainder) / b, meter);
}

/** Safe integers; null = the result is none, or the operator needs more. */
function smallIntegers(operator: BinaryOperator, a: number, b: number): number | null {
  if (operator === '/' || operator === '**') return null;
  if (b === 0 && (operator === '//' || operator === '%')) {
    return raise(
      'ZeroDivisionError',
      `integer ${operator === '%' ? 'modulo' : 'division or modulo'} by zero`,
    );
  }
  const result =
    operator === '+'
      ? a + b
      : operator === '-'
        ? a - b
        : operator === '*'
          ? a * b
          : operator === '%'
            ? ((a % b) + b) % b
            : Math.floor(a / b);
  const isExact = operator !== '//' || (Math.abs(a) < 2 ** 50 && Math.abs(b) < 2 ** 50);
  return isExact && Number.isSafeInteger(result) ? result + 0 : null;
}

function divided(left: Int, right: Int): number {
  if (Number(right) === 0) raise('ZeroDivisionError', 'division by zero');
  if (typeof left !== 'bigint' && typeof right !== 'bigint') return Number(left) / Number(right);
  const [a, b] = [bigOf(left), bigOf(right)];
  const scaled = (a << 1100n) / b;
  const result = ratio(scaled);
  if (!Number.isFinite(result))
    raise('OverflowError', 'integer division result too large for a float');
  return result;
}

/** `scaled / 2^1100` as a double. */
function ratio(scaled: bigint): number {
  const excess = BigInt(Math.max(0, scaled.toString(2).length - 64));
  return Number(scaled >> excess) * 2 ** (Number(excess) - 1100);
}

function power(left: Int, right: Int, meter: Meter): Value {
  const [a, b] = [bigOf(left), bigOf(right)];
  if (b < 0n) {
    if (a === 0n) raise('ZeroDivisionError', '0.0 cannot be raised to a negative power');
    return new PyFloat(Number(a) ** Number(b));
  }
  const isTrivial = a >= -1n && a <= 1n;
  const bits = a.toString(2).length * Number(b);
  meter.integer(isTrivial ? 1 : bits);
  return paidInt(isTrivial ? a ** (b % 2n === 0n ? 2n * BigInt(b > 0n) : 1n) : a ** b, meter);
}

function floats(operator: BinaryOperator, a: number, b: number): number {
  if (b === 0 && operator === '/') raise('ZeroDivisionError', 'float division by zero');
  if (b === 0 && operator === '//') raise('ZeroDivisionError', 'float floor division by zero');
  if (b === 0 && operator === '%') raise('ZeroDivisionError', 'float modulo');
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return modulo(a, b);
    case '//':
      return floorDivided(a, b);
    case '**':
      return floatPower(a, b);
  }
}

/** The remainder with the sign of the divisor. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) return b < 0 ? -0 : 0;
  return rest < 0 === b < 0 ? rest : rest + b;
}

function floorDivided(a: number, b: number): number {
  const quotient = (a - modulo(a, b)) / b;
  return quotient === 0 ? (a / b < 0 || Object.is(a / b, -0) ? -0 : 0) : Math.round(quotient);
}

function floatPower(a: number, b: number): number {
  if (a === 0 && b < 0) raise('ZeroDivisionError', '0.0 cannot be raised to a negative power');
  if (a < 0 && !Number.isInteger(b)) typeError('complex numbers are not supported');
  const result = a === 1 || b === 0 ? 1 : a ** b;
  if (!Number.isFinite(result) && Number.isFinite(a) && Number.isFinite(b)) {
    raise('OverflowError', "(34, 'Numerical result out of range')");
  }
  return result;
}

/** `+` of texts, lists and tuples: null = not these. */
function join(left: Value, right: Value, meter: Meter): Value | null {
  if (isText(left) && isText(right)) return joinText(left, right, meter);
  if (isList(left) && isList(right)) return concatenated(left, right, meter);
  if (left instanceof Tuple && right instanceof Tuple) {
    return new Tuple(concatenated(left.items, right.items, meter));
  }
  return null;
}

/** What is added to {@link Markup} is escaped first. */
function joinText(left: string | Markup, right: string | Markup, meter: Meter): string | Markup {
  const isMarkup = left instanceof Markup || right instanceof Markup;
  const [a, b] = isMarkup ? [escapeHtml(left, meter), escapeHtml(right, meter)] : [left, right];
  const text = textOf(a) + textOf(b);
  meter.chars(text.length);
  return isMarkup ? new Markup(text) : text;
}

function concatenated(a: readonly Value[], b: readonly Value[], meter: Meter): readonly Value[] {
  meter.steps(a.length + b.length);
  return [...a, ...b];
}

/** `*` of a text, list or tuple and an int: null = not these. */
function repeated(left: Value, right: Value, meter: Meter): Value | null {
  const [value, count] = isInt(left) ? [right, left] : [left, right];
  if (!isText(value) && !isList(value) && !(value instanceof Tuple)) return null;
  if (!isInt(count)) {
    return typeError(`can't multiply sequence by non-int of type '${typeName(count)}'`);
  }
  const times = Math.max(0, toIndex(count));
  if (isText(value)) {
    const text = textOf(value);
    meter.chars(text.length * times);
    const made = text === '' ? '' : text.repeat(times);
    return typeof value === 'string' ? made : new Markup(made);
  }
  const items = isList(value) ? value : value.items;
  meter.steps(items.length * times);
  const made =
    items.length === 0
      ? []
      : Array.from({ length: items.length * times }, (_, i) => items[i % items.length] ?? null);
  return isList(value) ? made : new Tuple(made);
}

/** `-value`, `+value`. @throws TemplateError TypeError */
export function unary(sign: '-' | '+', value: Value): Value {
  failUndefined(value);
  if (value instanceof PyFloat) return sign === '-' ? new PyFloat(-value.value) : value;
  if (!isInt(value)) return typeError(`bad operand type for unary ${sign}: '${typeName(value)}'`);
  if (typeof value === 'bigint') return sign === '-' ? -value : value;
  return sign === '-' ? 0 - Number(value) : Number(value);
}
