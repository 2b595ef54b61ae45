import { charLength } from './characters.js';
import { raise, typeError } from './errors.js';
import { floatDigits, intBody, pad } from './format-spec.js';
import type { Meter } from './meter.js';
import { floatText, toDouble, toInt } from './numbers.js';
import { asciiRepr } from '../python-repr.js';
import { isIterable } from './sequences.js';
import { repr, show } from './show.js';
import {
  Dict,
  isInt,
  isText,
  PyFloat,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

const PART = /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([^])?/gu;

/** `text % values`. @throws TemplateError TypeError, ValueError, KeyError */
export function formatPercent(text: string, values: Value, meter: Meter): string {
  const source = new ArgumentSource(values);
  let length = 0;
  const result = text.replace(PART, (all, ...groups) => {
    const [key, flags = '', width, precision, type] = groups.slice(0, 5) as (string | undefined)[];
    if (type === '%') return '%';
    if (type === undefined) raise('ValueError', 'incomplete format');
    const columns = width === '*' ? Number(source.next()) : Number(width ?? 0);
    const places = precision === '*' ? Number(source.next()) : precision;
    meter.chars(columns + Number(places ?? 0));
    const value = key === undefined ? source.next() : source.named(key);
    const hasPrecision = all.includes('.', (key?.length ?? 0) + 1);
    const body = conversion(
      value,
      type,
      {
        sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
        isAlternate: flags.includes('#'),
        precision: hasPrecision ? Number(places ?? 0) : null,
      },
      meter,
    );
    const isNumber = 'diuoxXeEfFgG'.includes(type);
    const zero = flags.includes('0') && isNumber && !flags.includes('-');
    const align = flags.includes('-') ? '<' : zero ? '=' : '>';
    const shown = pad(body, { fill: zero ? '0' : ' ', align, width: columns });
    length += shown.length;
    meter.fits(length);
    meter.chars(shown.length);
    return shown;
  });
  source.finish();
  return result;
}

interface Layout {
  readonly sign: string;
  readonly isAlternate: boolean;
  readonly precision: number | null;
}

function conversion(value: Value, type: string, layout: Layout, meter: Meter): string {
  const { precision } = layout;
  if ('sra'.includes(type)) {
    const shown = type === 's' ? show(value, meter) : repr(value, meter);
    const text = type === 'a' ? asciiRepr(shown) : shown;
    return precision === null ? text : Array.from(text).slice(0, precision).join('');
  }
  if (type === 'c') return character(value);
  if (!'diuoxXeEfFgG'.includes(type)) {
    raise(
      'ValueError',
      `unsupported format character '${type}' (0x${type.charCodeAt(0).toString(16)})`,
    );
  }
  if (value instanceof Undefined) raise(value.kind, value.message);
  if (!isInt(value) && !(value instanceof PyFloat)) {
    const wanted = 'oxX'.includes(type) ? 'an integer is required' : 'a real number is required';
    return typeError(`%${type} format: ${wanted}, not ${typeName(value)}`);
  }
  if ('diuoxX'.includes(type)) {
    if ('oxX'.includes(type) && value instanceof PyFloat) {
      return typeError(`%${type} format: an integer is required, not float`);
    }
    const text = intBody(toInt(value), 'diu'.includes(type) ? 'd' : type, layout);
    const digits = text.replace(/^[-+ ]/, '');
    return text.slice(0, text.length - digits.length) + digits.padStart(precision ?? 0, '0');
  }
  const double = toDouble(value);
  const isNegative = double < 0 || Object.is(double, -0);
  const size = Math.abs(double);
  const text = Number.isFinite(size) ? floatDigits(size, type, layout) : floatText(size);
  const sign = isNegative ? '-' : layout.sign === '-' ? '' : layout.sign;
  return sign + (type === type.toUpperCase() ? text.toUpperCase() : text);
}

function character(value: Value): string {
  if (isInt(value)) return String.fromCodePoint(Number(toInt(value)));
  const isOne = isText(value) && charLength(textOf(value)) === 1;
  return isOne ? textOf(value) : typeError('%c requires int or char');
}

/** The right side of `%`: a tuple's items one by one, a dict's by name, or one value. */
class ArgumentSource {
  readonly #values: Value;
  #used = 0;

  constructor(values: Value) {
    this.#values = values;
  }

  next(): Value {
    const items = this.#values instanceof Tuple ? this.#values.items : [this.#values];
    const value = items[this.#used++];
    return value === undefined ? typeError('not enough arguments for format string') : value;
  }

  named(key: string): Value {
    if (this.#values instanceof Undefined) raise(this.#values.kind, this.#values.message);
    if (!(this.#values instanceof Dict)) return typeError('format requires a mapping');
    this.#used = 1;
    const value = this.#values.get(key);
    return value === undefined ? raise('KeyError', `'${key}'`) : value;
  }

  /** A mapping may be left over, other values may not. */
  finish(): void {
    const values = this.#values;
    const isTuple = values instanceof Tuple;
    const isMapping = !isText(values) && (isIterable(values) || values instanceof Undefined);
    const given = isTuple ? values.items.length : isMapping ? 0 : 1;
    if (this.#used < given) typeError('not all arguments converted during string formatting');
  }
}
