import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import {
  Dict,
  isInt,
  isList,
  isText,
  PyFloat,
  PyObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

type Real = number | bigint;

/** A number for comparing; null = it is none. JavaScript compares numbers and bigints exactly. */
function realOf(value: Value): Real | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof PyFloat ? value.value : null;
}

/** `a == b` */
export function equals(a: Value, b: Value, meter: Meter): boolean {
  meter.steps(1);
  if (a === b) return !(a instanceof PyFloat && Number.isNaN(a.value));
  if (isText(a)) return isText(b) && sameText(textOf(a), textOf(b), meter);
  const [x, y] = [realOf(a), realOf(b)];
  // Numbers of either form: the linter would have `===`, which no number and bigint are.
  if (x !== null) return y !== null && !(x < y) && !(x > y) && x === x && y === y;
  if (isList(a)) return isList(b) && sameItems(a, b, meter);
  if (a instanceof Tuple) return b instanceof Tuple && sameItems(a.items, b.items, meter);
  if (a instanceof Dict) return b instanceof Dict && sameDict(a, b, meter);
  if (a instanceof Undefined) return b instanceof Undefined;
  return a instanceof PyObject && (a.equals?.(b) ?? false);
}

function sameText(a: string, b: string, meter: Meter): boolean {
  if (a.length !== b.length) return false;
  meter.chars(a.length);
  return a === b;
}

function sameItems(a: readonly Value[], b: readonly Value[], meter: Meter): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i] ?? null, meter));
}

/** As containers compare: the same object is equal to itself, NaN too. */
function isSame(a: Value, b: Value, meter: Meter): boolean {
  return a === b || equals(a, b, meter);
}

function sameDict(a: Dict, b: Dict, meter: Meter): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !isSame(value, other, meter)) return false;
  }
  return true;
}

export type Order = '<' | '<=' | '>' | '>=';

const HOLDS: Readonly<Record<Order, (sign: number) => boolean>> = {
  '<': (sign) => sign < 0,
  '<=': (sign) => sign <= 0,
  '>': (sign) => sign > 0,
  '>=': (sign) => sign >= 0,
};

/** `a < b` and its kin. @throws TemplateError TypeError where Python has no order */
export function ordered(order: Order, a: Value, b: Value, meter: Meter): boolean {
  return HOLDS[order](compare(a, b, order, meter));
}

/** Negative, zero, positive, or NaN for what is neither. */
function compare(a: Value, b: Value, order: Order, meter: Meter): number {
  meter.steps(1);
  const [x, y] = [realOf(a), realOf(b)];
  if (x !== null && y !== null) return x < y ? -1 : x > y ? 1 : x === x && y === y ? 0 : NaN;
  if (isText(a) && isText(b)) return compareText(textOf(a), textOf(b), meter);
  if (isList(a) && isList(b)) return compareItems(a, b, order, meter);
  if (a instanceof Tuple && b instanceof Tuple) return compareItems(a.items, b.items, order, meter);
  const undefinedOne = [a, b].find((one) => one instanceof Undefined);
  if (undefinedOne !== undefined) raise(undefinedOne.kind, undefinedOne.message);
  return typeError(
    `'${order}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** By code points: UTF-16 puts U+E000 to U+FFFF behind the surrogates. */
function compareText(a: string, b: string, meter: Meter): number {
  meter.chars(Math.min(a.length, b.length));
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
  const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;
  return isHigh(x) === isHigh(y) ? x - y : isHigh(x) ? 1 : -1;
}

function compareItems(
  a: readonly Value[],
  b: readonly Value[],
  order: Order,
  meter: Meter,
): number {
  for (const [i, item] of a.entries()) {
    const other = b[i];
    if (other === undefined) break;
    if (!isSame(item, other, meter)) return compare(item, other, order, meter);
  }
  return a.length - b.length;
}

/** `sorted(items, key=…)`, stable either way. */
export function sortBy<T>(
  items: readonly T[],
  key: (item: T) => Value,
  isReversed: boolean,
  meter: Meter,
): T[] {
  const keyed = items.map((item) => ({ item, key: key(item) }));
  if (isReversed) keyed.reverse();
  keyed.sort((a, b) => {
    if (ordered('<', a.key, b.key, meter)) return -1;
    return ordered('<', b.key, a.key, meter) ? 1 : 0;
  });
  if (isReversed) keyed.reverse();
  return keyed.map(({ item }) => item);
}

/** `bool(value)` */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (isInt(value)) return typeof value === 'boolean' ? value : value != 0;
  if (value instanceof PyFloat) return value.value !== 0;
  if (isText(value)) return textOf(value) !== '';
  if (isList(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  return value instanceof PyObject && (value.length === undefined || value.length() > 0);
}
