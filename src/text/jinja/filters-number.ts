import { toFixed } from './decimal.js';
import { raise, recover, typeError } from './errors.js';
import { isTrue } from './compare.js';
import { bigOf, normalInt, parseFloatText, toDouble, toIndex, toInt } from './numbers.js';
import { filter, type Filter } from './runtime.js';
import { isInt, isText, PyFloat, textOf, typeName, Undefined, type Value } from './values.js';

/** `float(value)`. @throws TemplateError */
function asFloat(value: Value): number {
  if (value instanceof Undefined) raise(value.kind, value.message);
  if (isText(value)) return parseFloatText(textOf(value));
  if (isInt(value) || value instanceof PyFloat) return toDouble(value);
  return typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`);
}

function int(value: Value, otherwise: Value, base: Value): Value {
  if (value instanceof Undefined) raise(value.kind, value.message);
  const viaFloat = (): Value =>
    recover(
      ['TypeError', 'ValueError', 'OverflowError'],
      () => toInt(new PyFloat(asFloat(value))),
      () => otherwise,
    );
  return recover(['TypeError', 'ValueError'], () => toInt(value, toIndex(base)), viaFloat);
}

/** Python's `round`: ints stay ints, halves go to the even one. */
function roundCommon(value: Value, precision: number): Value {
  if (value instanceof Undefined)
    raise('TypeError', "type Undefined doesn't define __round__ method");
  if (isInt(value)) return precision >= 0 ? toInt(value) : roundInt(bigOf(value), -precision);
  if (!(value instanceof PyFloat))
    return typeError(`type ${typeName(value)} doesn't define __round__ method`);
  if (!Number.isFinite(value.value) || precision > 323) return value;
  if (precision < -308) return new PyFloat(value.value < 0 ? -0 : 0);
  return new PyFloat(Number(toFixed(value.value, precision)));
}

function roundInt(value: bigint, digits: number): number | bigint {
  if (digits > 5000) return 0;
  const unit = 10n ** BigInt(digits);
  const rest = ((value % unit) + unit) % unit;
  const down = value - rest;
  const isUp = rest * 2n > unit || (rest * 2n === unit && (down / unit) % 2n !== 0n);
  return normalInt(isUp ? down + unit : down);
}

function roundTo(value: Value, precision: number, method: string): Value {
  const direction = method === 'ceil' ? Math.ceil : Math.floor;
  const scale = 10 ** precision;
  return new PyFloat((direction(toDouble(value) * scale) + 0) / scale);
}

const UNITS = ['B', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];

function fileSize(value: Value, isBinary: boolean): string {
  const bytes = asFloat(value);
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  let power = 1;
  while (power < 8 && bytes >= base ** (power + 1)) power++;
  const unit = UNITS[power] ?? '';
  const suffix = isBinary ? `${unit.toUpperCase()}iB` : `${unit}B`;
  return `${toFixed((base * bytes) / base ** (power + 1), 1)} ${suffix}`;
}

export const NUMBER_FILTERS: readonly (readonly [string, Filter])[] = [
  [
    'int',
    filter('default? base?', (value, [otherwise = 0, base = 10]) => int(value, otherwise, base)),
  ],
  [
    'float',
    filter('default?', (value, [otherwise = new PyFloat(0)]) =>
      recover<Value>(
        ['TypeError', 'ValueError'],
        () => new PyFloat(asFloat(value)),
        () => otherwise,
      ),
    ),
  ],
  [
    'abs',
    filter('', (value) => {
      if (value instanceof PyFloat) return new PyFloat(Math.abs(value.value));
      if (typeof value === 'bigint') return value < 0n ? -value : value;
      if (isInt(value)) return Math.abs(Number(value));
      if (value instanceof Undefined) return typeError("bad operand type for abs(): 'Undefined'");
      return typeError(`bad operand type for abs(): '${typeName(value)}'`);
    }),
  ],
  [
    'round',
    filter('precision? method?', (value, [precision = 0, method = 'common']) => {
      const how = isText(method) ? textOf(method) : '';
      if (!['common', 'ceil', 'floor'].includes(how)) {
        raise('FilterArgumentError', 'method must be common, ceil or floor');
      }
      const digits = toIndex(precision);
      return how === 'common' ? roundCommon(value, digits) : roundTo(value, digits, how);
    }),
  ],
  [
    'filesizeformat',
    filter('binary?', (value, [binary = false]) => fileSize(value, isTrue(binary))),
  ],
];
