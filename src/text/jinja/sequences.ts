import { charLength, charsOf } from './characters.js';
import { equals } from './compare.js';
import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { PyIterator, PyRange } from './objects.js';
import {
  Dict,
  isInt,
  isList,
  isText,
  PyObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** `iter(value)`: null = it cannot be walked. */
function iteratorOf(value: Value): Iterator<Value> | null {
  if (isText(value)) return charsOf(textOf(value)).values();
  if (isList(value)) return value.values();
  if (value instanceof Tuple) return value.items.values();
  if (value instanceof Dict) return value.keys();
  if (value instanceof Undefined) return [].values();
  return value instanceof PyObject ? (value.iterate?.() ?? null) : null;
}

export function isIterable(value: Value): boolean {
  return isText(value) || iteratorOf(value) !== null;
}

/** Each item is paid for when it is taken. @throws TemplateError TypeError */
export function iterate(value: Value, meter: Meter): Iterator<Value> {
  if (isText(value)) meter.chars(textOf(value).length * 4);
  const iterator = iteratorOf(value);
  if (iterator === null) return typeError(`'${typeName(value)}' object is not iterable`);
  return {
    next: () => {
      meter.steps(1);
      return iterator.next();
    },
  };
}

/** `list(value)`, or the list itself. */
export function toArray(value: Value, meter: Meter): readonly Value[] {
  if (isList(value) || value instanceof Tuple) {
    const items = isList(value) ? value : value.items;
    meter.steps(items.length / 4);
    return items;
  }
  const items: Value[] = [];
  const iterator = iterate(value, meter);
  for (let next = iterator.next(); next.done !== true; next = iterator.next())
    items.push(next.value);
  return items;
}

/** `len(value)`: null = it has none. */
export function lengthOf(value: Value, meter: Meter): number | null {
  if (isText(value)) {
    meter.chars(textOf(value).length);
    return charLength(textOf(value));
  }
  if (isList(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  return value instanceof PyObject ? (value.length?.() ?? null) : null;
}

/** `needle in haystack`. @throws TemplateError TypeError */
export function contains(haystack: Value, needle: Value, meter: Meter): boolean {
  if (isText(haystack)) {
    if (!isText(needle)) {
      return typeError(`'in <string>' requires string as left operand, not ${typeName(needle)}`);
    }
    meter.chars(textOf(haystack).length);
    return textOf(haystack).includes(textOf(needle));
  }
  if (haystack instanceof Dict) return haystack.has(needle);
  if (!isIterable(haystack)) {
    return typeError(`argument of type '${typeName(haystack)}' is not iterable`);
  }
  const iterator = iterate(haystack, meter);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    if (next.value === needle || equals(next.value, needle, meter)) return true;
  }
  return false;
}

export interface Slice {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** The indices that a slice takes from `length` items, in its order. @throws TemplateError */
export function sliceIndices({ start, stop, step }: Slice, length: number): PyRange {
  const by = step === null ? 1 : sliceIndex(step);
  if (by === 0) raise('ValueError', 'slice step cannot be zero');
  const low = by < 0 ? -1 : 0;
  const high = by < 0 ? length - 1 : length;
  const place = (value: Value, otherwise: number): number => {
    if (value === null) return otherwise;
    const index = sliceIndex(value);
    return Math.min(high, Math.max(low, index < 0 ? index + length : index));
  };
  return new PyRange(place(start, by < 0 ? high : low), place(stop, by < 0 ? low : high), by);
}

function sliceIndex(value: Value): number {
  if (value instanceof Undefined || !isInt(value)) {
    return typeError('slice indices must be integers or None or have an __index__ method');
  }
  return Math.max(-(2 ** 53), Math.min(2 ** 53, toIndex(value)));
}

/** `value[slice]`: undefined = not a sequence. */
export function sliceOf(value: Value, slice: Slice, meter: Meter): Value | undefined {
  if (value instanceof PyRange) return rangeSlice(value, slice);
  const items = sequenceItems(value, meter);
  if (items === undefined) return undefined;
  const indices = sliceIndices(slice, items.length);
  const length = indices.length();
  meter.steps(length / 4);
  const isWhole = indices.step === 1 && length === items.length;
  const taken = isWhole
    ? items
    : indices.step === 1
      ? items.slice(indices.start, indices.start + length)
      : Array.from({ length }, (_, i) => items[indices.at(i)] ?? null);
  if (typeof taken === 'string') return taken;
  if (isText(value)) return taken.map((char) => (typeof char === 'string' ? char : '')).join('');
  return value instanceof Tuple ? new Tuple(taken) : taken;
}

function rangeSlice(range: PyRange, slice: Slice): PyRange {
  const { start, stop, step } = sliceIndices(slice, range.length());
  return new PyRange(range.at(start), range.at(stop), range.step * step);
}

/** Items by index; a text of plain characters stays a text. */
function sequenceItems(value: Value, meter: Meter): string | readonly Value[] | undefined {
  if (isText(value)) {
    const text = textOf(value);
    meter.chars(text.length);
    const chars = charLength(text) === text.length ? text : charsOf(text);
    return chars;
  }
  if (isList(value)) return value;
  if (value instanceof Tuple) return value.items;
  return undefined;
}

/** `value[index]`: undefined = out of range, or no sequence. */
export function itemAt(value: Value, index: number, meter: Meter): Value | undefined {
  const place = (length: number): number => (index < 0 ? index + length : index);
  if (isList(value)) return value[place(value.length)];
  if (value instanceof Tuple) return value.items[place(value.items.length)];
  if (isText(value)) {
    const items = sequenceItems(value, meter);
    return items?.[place(items.length)];
  }
  if (!(value instanceof PyRange)) return undefined;
  const at = place(value.length());
  return at >= 0 && at < value.length() ? value.at(at) : undefined;
}

/** A generator that is walked as it is asked. */
export function lazily(walk: () => Generator<Value>, typeName_ = 'generator'): PyIterator {
  return new PyIterator(walk(), typeName_);
}

/** `iterate` for a `for` loop. */
export function* each(value: Value, meter: Meter): Generator<Value> {
  const iterator = iterate(value, meter);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
}
