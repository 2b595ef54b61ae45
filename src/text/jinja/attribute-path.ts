import { getItem } from './attributes.js';
import type { Meter } from './meter.js';
import { isText, textOf, Undefined, type Value } from './values.js';

/** `'a.0.b'` as the steps of a look-up: digits are indices. */
function pathOf(attribute: Value): readonly Value[] {
  if (attribute === null) return [];
  if (!isText(attribute)) return [attribute];
  return textOf(attribute)
    .split('.')
    .map((part) => (/^\p{Nd}+$/u.test(part) ? Number(part) : part));
}

export interface AttributeOptions {
  readonly attribute: Value;
  readonly isCaseSensitive: boolean;
  /** Stands for what is not there; None = nothing does. */
  readonly otherwise?: Value;
}

/** Jinja2's `make_attrgetter`: the attribute of an item, lower-cased where case does not count. */
export function attributeGetter(options: AttributeOptions, meter: Meter): (item: Value) => Value {
  const path = pathOf(options.attribute);
  const { isCaseSensitive, otherwise = null } = options;
  return (item) => {
    let value = item;
    for (const part of path) {
      value = getItem(value, part, meter);
      if (otherwise !== null && value instanceof Undefined) value = otherwise;
    }
    return isCaseSensitive ? value : withoutCase(value, meter);
  };
}

/** `make_multi_attrgetter`: `'a,b'` gives the list of both. */
export function attributesGetter(options: AttributeOptions, meter: Meter): (item: Value) => Value {
  const { attribute, isCaseSensitive } = options;
  const names = isText(attribute) ? textOf(attribute).split(',') : [attribute];
  const getters = names.map((name) => attributeGetter({ attribute: name, isCaseSensitive }, meter));
  return (item) => getters.map((get) => get(item));
}

export function withoutCase(value: Value, meter: Meter): Value {
  if (!isText(value)) return value;
  meter.chars(textOf(value).length);
  return textOf(value).toLowerCase();
}
