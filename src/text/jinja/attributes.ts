import { bind } from './bind.js';
import { formatBraces } from './brace-format.js';
import { equals } from './compare.js';
import { raise, recover, typeError } from './errors.js';
import { escapeHtml } from './html.js';
import type { Meter } from './meter.js';
import { bitsOf, toIndex } from './numbers.js';
import { DictView, PyFunction, PyRange, type Implementation } from './objects.js';
import { isIterable, itemAt, iterate, lengthOf, sliceIndices, toArray } from './sequences.js';
import { repr } from './show.js';
import { callTextMethod, TEXT_METHODS } from './text-methods.js';
import {
  Dict,
  isInt,
  isList,
  isText,
  Markup,
  objectName,
  PyFloat,
  PyObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.js';
import { pythonRepr } from '../python-repr.js';

/** Methods that change their object: the sandbox hides them. */
const LIST_CHANGES = ['append', 'clear', 'pop', 'reverse', 'insert', 'sort', 'extend', 'remove'];
const DICT_CHANGES = ['clear', 'pop', 'popitem', 'setdefault', 'update'];
const INTERNAL = /^__\w+__$/;

/** `value.name`: attributes first, then items. Undefined when there is neither. */
export function getAttribute(value: Value, name: string, meter: Meter): Value {
  if (value instanceof Undefined) raise(value.kind, value.message);
  const attribute = attributeOf(value, name, meter);
  if (attribute !== undefined) return attribute;
  const item = itemOf(value, name, meter);
  return item === undefined ? missing(value, name) : item;
}

/** `value[key]`: items first, then attributes. */
export function getItem(value: Value, key: Value, meter: Meter): Value {
  if (value instanceof Undefined) raise(value.kind, value.message);
  const item = recover(
    ['TypeError'],
    () => itemOf(value, key, meter),
    () => undefined,
  );
  if (item !== undefined) return item;
  const attribute = isText(key) ? attributeOf(value, textOf(key), meter) : undefined;
  return attribute === undefined ? missing(value, key, meter) : attribute;
}

function missing(value: Value, key: Value, meter?: Meter): Undefined {
  const name = objectName(value);
  if (isText(key)) {
    return new Undefined(
      `${pythonRepr(name)} has no attribute ${pythonRepr(textOf(key).slice(0, 200))}`,
    );
  }
  const shown = meter === undefined || key instanceof PyObject ? typeName(key) : repr(key, meter);
  return new Undefined(`${name} has no element ${shown.slice(0, 200)}`);
}

/** `obj[key]` of Python; undefined = TypeError or LookupError there. */
function itemOf(value: Value, key: Value, meter: Meter): Value | undefined {
  if (value instanceof Dict) return value.get(key);
  if (value instanceof PyObject && value.item !== undefined) return value.item(key);
  return isInt(key) ? itemAt(value, toIndex(key), meter) : undefined;
}

/** `getattr(obj, name)` as the sandbox allows it; undefined = AttributeError. */
function attributeOf(value: Value, name: string, meter: Meter): Value | undefined {
  if (INTERNAL.test(name) && isInternal(value, name)) return unsafe(value, name);
  if (isText(value)) return textAttribute(value, name, meter);
  if (value instanceof Dict) {
    return DICT_CHANGES.includes(name) ? unsafe(value, name) : dictAttribute(value, name, meter);
  }
  if (isList(value) || value instanceof Tuple || value instanceof PyRange) {
    if (isList(value) && LIST_CHANGES.includes(name)) return unsafe(value, name);
    return listAttribute(value, name, meter);
  }
  if (isInt(value) || value instanceof PyFloat) return numberAttribute(value, name);
  return value instanceof PyObject ? value.attribute?.(name) : undefined;
}

const OF_ALL = new Set(
  '__class__ __doc__ __init__ __new__ __dir__ __eq__ __ne__ __ge__ __gt__ __le__ __lt__ __hash__ __str__ __repr__ __format__ __getattribute__ __setattr__ __delattr__ __reduce__ __reduce_ex__ __sizeof__ __subclasshook__ __init_subclass__'.split(
    ' ',
  ),
);

const OF_SEQUENCES = new Set(['__len__', '__iter__', '__contains__', '__getitem__']);

function isInternal(value: Value, name: string): boolean {
  return (
    OF_ALL.has(name) ||
    (OF_SEQUENCES.has(name) && isIterable(value)) ||
    (value instanceof PyObject && name === '__dict__')
  );
}

function unsafe(value: Value, name: string): Undefined {
  return new Undefined(
    `access to attribute ${pythonRepr(name)} of ${pythonRepr(typeName(value))} object is unsafe.`,
    'SecurityError',
  );
}

function textAttribute(value: string | Markup, name: string, meter: Meter): Value | undefined {
  const self = textOf(value);
  const wrap = (result: Value): Value =>
    value instanceof Markup && typeof result === 'string' ? new Markup(result) : result;
  if (name === 'format' || name === 'format_map') {
    return new PyFunction(name, (args, kwargs) => {
      const given = name === 'format' ? { args, kwargs } : { args: [], kwargs: namedOf(args[0]) };
      return wrap(formatBraces(self, { ...given, ...lookups(meter), meter }));
    });
  }
  if (!TEXT_METHODS.has(name)) return undefined;
  return new PyFunction(name, (given, kwargs) => {
    const args =
      value instanceof Markup && name === 'join' ? [escapedItems(given[0] ?? null, meter)] : given;
    return wrap(callTextMethod({ name, self, meter }, args, kwargs));
  });
}

/** What Markup joins is escaped first. */
function escapedItems(items: Value, meter: Meter): Value {
  return toArray(items, meter).map((item) => escapeHtml(item, meter));
}

function lookups(meter: Meter): {
  getItem: (of: Value, key: Value) => Value;
  getAttribute: (of: Value, name: string) => Value;
} {
  return {
    getItem: (of, key) => getItem(of, key, meter),
    getAttribute: (of, name) => getAttribute(of, name, meter),
  };
}

function namedOf(value: Value | undefined): Kwargs {
  if (!(value instanceof Dict)) return typeError('format_map() takes exactly one mapping');
  return new Map([...value.entries()].map(([key, item]) => [isText(key) ? textOf(key) : '', item]));
}

function dictAttribute(dict: Dict, name: string, meter: Meter): Value | undefined {
  switch (name) {
    case 'keys':
    case 'values':
    case 'items':
      return new PyFunction(name, (args, kwargs) => {
        bind(`dict.${name}`, [], args, kwargs);
        return new DictView(dict, name, meter);
      });
    case 'get':
      return new PyFunction(name, (args) => {
        const [key, otherwise] = bind('get', ['key', 'default?'], args, new Map());
        const value = dict.get(key ?? null);
        return value === undefined ? (otherwise ?? null) : value;
      });
    case 'copy':
      return new PyFunction(name, () => {
        meter.steps(dict.size);
        return Dict.of(dict.entries());
      });
    case 'fromkeys':
      return new PyFunction(name, (args) => {
        const [keys, value] = bind('fromkeys', ['iterable', 'value?'], args, new Map());
        const made = new Dict();
        const iterator = iterate(keys ?? null, meter);
        for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
          made.set(next.value, value ?? null);
        }
        return made;
      });
  }
  return undefined;
}

function listAttribute(list: Value, name: string, meter: Meter): Value | undefined {
  const tuple = list instanceof Tuple ? list.names.indexOf(name) : -1;
  if (tuple !== -1) return itemAt(list, tuple, meter);
  const matches = (wanted: Value): number[] => {
    const found: number[] = [];
    const iterator = iterate(list, meter);
    let i = 0;
    for (let next = iterator.next(); next.done !== true; next = iterator.next(), i++) {
      if (next.value === wanted || equals(next.value, wanted, meter)) found.push(i);
    }
    return found;
  };
  if (name === 'count') return new PyFunction(name, ([item = null]) => matches(item).length);
  if (name === 'copy' && isList(list)) return new PyFunction(name, () => [...list]);
  if (name === 'index') return new PyFunction(name, indexMethod(list, matches, meter));
  return list instanceof PyRange ? list.attribute(name) : undefined;
}

function indexMethod(
  list: Value,
  matches: (wanted: Value) => number[],
  meter: Meter,
): Implementation {
  return ([item = null, start = null, stop = null]) => {
    const range = sliceIndices({ start, stop, step: null }, lengthOf(list, meter) ?? 0);
    const at = matches(item).find((i) => i >= range.start && i < range.stop);
    return at ?? raise('ValueError', `${repr(item, meter)} is not in list`);
  };
}

function numberAttribute(
  value: number | bigint | boolean | PyFloat,
  name: string,
): Value | undefined {
  if (value instanceof PyFloat) {
    if (name === 'is_integer') return new PyFunction(name, () => Number.isInteger(value.value));
    if (name === 'real') return value;
    return name === 'imag' ? new PyFloat(0) : undefined;
  }
  if (name === 'real' || name === 'numerator')
    return typeof value === 'boolean' ? Number(value) : value;
  if (name === 'imag') return 0;
  if (name === 'denominator') return 1;
  if (name !== 'bit_length') return undefined;
  return new PyFunction(name, () => {
    const size = BigInt(value) < 0n ? -BigInt(value) : BigInt(value);
    return size === 0n || bitsOf(value) === 0 ? 0 : size.toString(2).length;
  });
}
