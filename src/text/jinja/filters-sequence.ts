import { binary } from './arithmetic.js';
import { attributeGetter, attributesGetter, withoutCase } from './attribute-path.js';
import { getAttribute } from './attributes.js';
import { charsOf } from './characters.js';
import { equals, isTrue, ordered, sortBy } from './compare.js';
import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { toIndex } from './numbers.js';
import { DictView } from './objects.js';
import { filter, type Bound, type Filter, type Runtime } from './runtime.js';
import { each, isIterable, iterate, itemAt, lazily, lengthOf, toArray } from './sequences.js';
import { show } from './show.js';
import {
  Dict,
  isList,
  isText,
  keyOf,
  PyObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Kwargs,
  type Value,
} from './values.js';

const isSet = (value: Value | undefined): value is Value => value !== undefined && value !== null;

function length(value: Value, { meter }: Runtime): Value {
  return lengthOf(value, meter) ?? typeError(`object of type '${typeName(value)}' has no len()`);
}

/** `reversed(value)`'s items; null = it cannot be reversed. */
function reversedItems(value: Value, meter: Meter): readonly Value[] | null {
  const canReverse =
    isText(value) ||
    isList(value) ||
    value instanceof Tuple ||
    value instanceof Dict ||
    value instanceof DictView ||
    (value instanceof PyObject && value.typeName === 'range');
  if (!canReverse) return null;
  return [...toArray(value, meter)].reverse();
}

function last(value: Value, { meter }: Runtime): Value {
  const none = new Undefined('No last item, sequence was empty.');
  if (isList(value) || value instanceof Tuple) {
    const item = itemAt(value, -1, meter);
    return item === undefined ? none : item;
  }
  if (value instanceof Undefined) return none;
  const items = reversedItems(value, meter);
  if (items === null) return typeError(`'${typeName(value)}' object is not reversible`);
  return items[0] ?? (items.length > 0 ? null : none);
}

function reverse(value: Value, { meter }: Runtime): Value {
  if (isText(value)) {
    meter.chars(textOf(value).length * 4);
    return charsOf(textOf(value)).reverse().join('');
  }
  const items = reversedItems(value, meter);
  if (items !== null) {
    return lazily(
      function* () {
        yield* items;
      },
      isList(value) ? 'list_reverseiterator' : 'reversed',
    );
  }
  if (!isIterable(value)) raise('FilterArgumentError', 'argument must be iterable');
  return [...toArray(value, meter)].reverse();
}

/** `min`, `max`: the first of those that no other beats. */
const extreme = (order: '<' | '>'): Filter =>
  filter('case_sensitive? attribute?', (value, [isCase = false, attribute = null], { meter }) => {
    const get = attributeGetter({ attribute, isCaseSensitive: isTrue(isCase) }, meter);
    let best: { item: Value; key: Value } | null = null;
    for (const item of each(value, meter)) {
      const key = get(item);
      if (best === null || ordered(order, key, best.key, meter)) best = { item, key };
    }
    return best === null ? new Undefined('No aggregated item, sequence was empty.') : best.item;
  });

function sum(value: Value, [attribute, start = 0]: Bound, { meter }: Runtime): Value {
  const get = attributeGetter({ attribute: attribute ?? null, isCaseSensitive: true }, meter);
  if (isText(start)) typeError("sum() can't sum strings [use ''.join(seq) instead]");
  let total: Value = start;
  for (const item of each(value, meter)) {
    total = binary('+', total, get(item), meter);
  }
  return total;
}

function groupBy(
  value: Value,
  [attribute = null, otherwise = null, isCase = false]: Bound,
  { meter }: Runtime,
): Value {
  const isCaseSensitive = isTrue(isCase);
  const get = attributeGetter({ attribute, isCaseSensitive, otherwise }, meter);
  const exact = attributeGetter({ attribute, isCaseSensitive: true, otherwise }, meter);
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sortBy([...each(value, meter)], get, false, meter)) {
    const key = get(item);
    const group = groups.at(-1);
    if (group !== undefined && equals(group.key, key, meter)) group.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(
    ({ key, items }) =>
      new Tuple([isCaseSensitive ? key : exact(items[0] ?? null), items], ['grouper', 'list']),
  );
}

function* batches(value: Value, [linecount = null, fill]: Bound, meter: Meter): Generator<Value> {
  let row: Value[] = [];
  for (const item of each(value, meter)) {
    if (equals(row.length, linecount, meter)) {
      yield row;
      row = [];
    }
    row.push(item);
  }
  if (row.length === 0) return;
  if (isSet(fill)) {
    const missing = toIndex(linecount) - row.length;
    meter.steps(Math.max(0, missing));
    for (let i = 0; i < missing; i++) row.push(fill);
  }
  yield row;
}

function* slices(value: Value, [count = null, fill]: Bound, meter: Meter): Generator<Value> {
  const items = toArray(value, meter);
  const parts = toIndex(count);
  if (parts === 0) raise('ZeroDivisionError', 'integer division or modulo by zero');
  const size = Math.floor(items.length / parts);
  const extra = items.length - size * parts;
  for (let i = 0, at = 0; i < parts; i++) {
    const end = at + size + (i < extra ? 1 : 0);
    meter.steps(1 + end - at);
    const part = items.slice(at, end);
    yield isSet(fill) && i >= extra ? [...part, fill] : part;
    at = end;
  }
}

function* unique(
  value: Value,
  [isCase = false, attribute = null]: Bound,
  meter: Meter,
): Generator<Value> {
  const get = attributeGetter({ attribute, isCaseSensitive: isTrue(isCase) }, meter);
  const seen = new Set<unknown>();
  for (const item of each(value, meter)) {
    const key = keyOf(get(item));
    if (seen.has(key)) continue;
    seen.add(key);
    yield item;
  }
}

function dictSort(
  value: Value,
  [isCase = false, by = 'key', isReversed = false]: Bound,
  { meter }: Runtime,
): Value {
  if (by !== 'key' && by !== 'value') {
    raise('FilterArgumentError', 'You can only sort by either "key" or "value"');
  }
  if (value instanceof Undefined) raise(value.kind, value.message);
  if (!(value instanceof Dict))
    return raise('AttributeError', `'${typeName(value)}' object has no attribute 'items'`);
  const key = (pair: readonly [Value, Value]): Value => {
    const part = by === 'key' ? pair[0] : pair[1];
    return isTrue(isCase) ? part : withoutCase(part, meter);
  };
  return sortBy([...value.entries()], key, isTrue(isReversed), meter).map(
    (pair) => new Tuple(pair),
  );
}

/** What `map` does with an item. */
function mapper(args: Bound, kwargs: Kwargs, runtime: Runtime): (item: Value) => Value {
  const [name, ...rest] = args.map((arg) => arg ?? null);
  const attribute = kwargs.get('attribute');
  if (name === undefined && attribute !== undefined) {
    const unknown = [...kwargs.keys()].find((key) => key !== 'attribute' && key !== 'default');
    if (unknown !== undefined)
      raise('FilterArgumentError', `Unexpected keyword argument '${unknown}'`);
    const otherwise = kwargs.get('default') ?? null;
    return attributeGetter({ attribute, isCaseSensitive: true, otherwise }, runtime.meter);
  }
  if (name === undefined) return raise('FilterArgumentError', 'map requires a filter argument');
  return (item) => runtime.callFilter(name, item, rest, kwargs);
}

interface Selection {
  readonly keeps: boolean;
  readonly byAttribute: boolean;
}

/** `select`, `reject`, `selectattr`, `rejectattr`: by a test, or by whether the value is true. */
const selecting = ({ keeps, byAttribute }: Selection): Filter => ({
  params: null,
  run: (value, args, runtime, kwargs) =>
    lazily(function* () {
      if (!isTrue(value)) return;
      const given = args.map((arg) => arg ?? null);
      if (byAttribute && given.length === 0) {
        raise('FilterArgumentError', 'Missing parameter for attribute name');
      }
      const attribute = byAttribute ? (given.shift() ?? null) : null;
      const get = attributeGetter({ attribute, isCaseSensitive: true }, runtime.meter);
      const [name, ...rest] = given;
      for (const item of each(value, runtime.meter)) {
        const subject = get(item);
        const holds =
          name === undefined ? isTrue(subject) : runtime.callTest(name, subject, rest, kwargs);
        if (holds === keeps) yield item;
      }
    }),
});

function attr(value: Value, [name = null]: Bound, { meter }: Runtime): Value {
  const text = show(name, meter);
  // Items do not count here: what a dict has under the name is no attribute.
  const bare = value instanceof Dict ? new Dict() : value;
  return getAttribute(bare, text, meter);
}

export const SEQUENCE_FILTERS: readonly (readonly [string, Filter])[] = [
  ['length', filter('', (value, _, runtime) => length(value, runtime))],
  ['count', filter('', (value, _, runtime) => length(value, runtime))],
  ['list', filter('', (value, _, { meter }) => toArray(value, meter))],
  [
    'first',
    filter('', (value, _, { meter }) => {
      const next = iterate(value, meter).next();
      return next.done === true ? new Undefined('No first item, sequence was empty.') : next.value;
    }),
  ],
  ['last', filter('', (value, _, runtime) => last(value, runtime))],
  [
    'random',
    filter('', (value, _, { meter }) => {
      const items = toArray(value, meter);
      const item = items[Math.floor(Math.random() * items.length)];
      return (
        item ?? (items.length > 0 ? null : new Undefined('No random item, sequence was empty.'))
      );
    }),
  ],
  ['reverse', filter('', (value, _, runtime) => reverse(value, runtime))],
  [
    'sort',
    filter('reverse? case_sensitive? attribute?', (value, args, { meter }) => {
      const [isReversed = false, isCase = false, attribute = null] = args;
      const get = attributesGetter({ attribute, isCaseSensitive: isTrue(isCase) }, meter);
      return sortBy([...each(value, meter)], get, isTrue(isReversed), meter);
    }),
  ],
  [
    'dictsort',
    filter('case_sensitive? by? reverse?', (value, args, runtime) =>
      dictSort(value, args, runtime),
    ),
  ],
  ['min', extreme('<')],
  ['max', extreme('>')],
  ['sum', filter('attribute? start?', (value, args, runtime) => sum(value, args, runtime))],
  [
    'unique',
    filter('case_sensitive? attribute?', (value, args, { meter }) =>
      lazily(() => unique(value, args, meter)),
    ),
  ],
  [
    'groupby',
    filter('attribute default? case_sensitive?', (value, args, runtime) =>
      groupBy(value, args, runtime),
    ),
  ],
  [
    'batch',
    filter('linecount fill_with?', (value, args, { meter }) =>
      lazily(() => batches(value, args, meter)),
    ),
  ],
  [
    'slice',
    filter('slices fill_with?', (value, args, { meter }) =>
      lazily(() => slices(value, args, meter)),
    ),
  ],
  [
    'items',
    filter('', (value, _, { meter }) =>
      lazily(function* () {
        if (value instanceof Undefined) return;
        if (!(value instanceof Dict)) typeError('Can only get item pairs from a mapping.');
        yield* each(new DictView(value, 'items', meter), meter);
      }),
    ),
  ],
  [
    'map',
    {
      params: null,
      run: (value, args, runtime, kwargs) =>
        lazily(function* () {
          if (!isTrue(value)) return;
          const change = mapper(args, kwargs, runtime);
          for (const item of each(value, runtime.meter)) yield change(item);
        }),
    },
  ],
  ['select', selecting({ keeps: true, byAttribute: false })],
  ['reject', selecting({ keeps: false, byAttribute: false })],
  ['selectattr', selecting({ keeps: true, byAttribute: true })],
  ['rejectattr', selecting({ keeps: false, byAttribute: true })],
  ['attr', filter('name', (value, args, runtime) => attr(value, args, runtime))],
  ['default', filter('default_value? boolean?', defaulted)],
  ['d', filter('default_value? boolean?', defaulted)],
];

function defaulted(value: Value, [otherwise = '', byTruth = false]: Bound): Value {
  const isMissing = value instanceof Undefined || (isTrue(byTruth) && !isTrue(value));
  return isMissing ? otherwise : value;
}
