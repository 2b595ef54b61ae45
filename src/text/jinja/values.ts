import { typeError } from './errors.js';

/**
 * Python's values. An int is a safe integer or, beyond those, a bigint; a list is an array (nothing in the
 * sandbox may change one); everything else that has no literal is a {@link PyObject}.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyFloat
  | Markup
  | List
  | Tuple
  | Dict
  | Undefined
  | PyObject;

export type List = readonly Value[];
export type Kwargs = ReadonlyMap<string, Value>;

export class PyFloat {
  constructor(readonly value: number) {}
}

/** A `str` that counts as escaped HTML: what is added to it gets escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

export class Tuple {
  constructor(
    readonly items: readonly Value[],
    /** Of a named tuple: its attributes in order. */
    readonly names: readonly string[] = [],
  ) {}
}

/** What a name, attribute or item that is not there gives: empty when printed, an error when used. */
export class Undefined {
  constructor(
    readonly message: string,
    readonly kind: 'UndefinedError' | 'SecurityError' = 'UndefinedError',
  ) {}
}

/** A value with behaviour: functions, generators, views, namespaces, loops. */
export abstract class PyObject {
  /** `type(x).__name__` */
  abstract readonly typeName: string;
  /** With the module, as messages name classes that are not built in. */
  get longTypeName(): string {
    return this.typeName;
  }
  abstract repr(): string;
  attribute?(name: string): Value | undefined;
  /** A fresh iterator, or the one there is. */
  iterate?(): Iterator<Value>;
  length?(): number;
  item?(key: Value): Value | undefined;
  call?(args: readonly Value[], kwargs: Kwargs): Value;
  equals?(other: Value): boolean;
}

type DictKey = string | number | bigint | symbol | object | null;

const UNDEFINED_KEY = Symbol('undefined');

/** Python's `dict`: any hashable key, `1 == 1.0 == True` among them, in order of insertion. */
export class Dict {
  readonly #entries = new Map<DictKey, readonly [Value, Value]>();

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A key that is there keeps its place and its spelling. @throws TypeError for a list or dict as key */
  set(key: Value, value: Value): void {
    const id = keyOf(key);
    const known = this.#entries.get(id);
    this.#entries.set(id, [known === undefined ? key : known[0], value]);
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(keyOf(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(keyOf(key));
  }

  entries(): Iterable<readonly [Value, Value]> {
    return this.#entries.values();
  }

  *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }

  *values(): Generator<Value> {
    for (const [, value] of this.#entries.values()) yield value;
  }
}

/** Equal values have equal keys. A text of ours starts with NUL, so texts that do are marked. */
export function keyOf(value: Value): DictKey {
  if (typeof value === 'string') return value.startsWith('\0') ? `\0s${value}` : value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Markup) return keyOf(value.text);
  if (value instanceof PyFloat) return floatKey(value.value);
  if (value instanceof Tuple) {
    const parts = value.items.map((item) => partKey(keyOf(item)));
    return `\0t(${parts.join(',')})`;
  }
  if (value instanceof Undefined) return UNDEFINED_KEY;
  if (value instanceof PyObject) return value;
  return typeError(`unhashable type: '${value instanceof Dict ? 'dict' : 'list'}'`);
}

function floatKey(value: number): number | bigint {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(value) : value + 0;
}

function partKey(key: DictKey): string {
  if (typeof key === 'string') return JSON.stringify(key);
  if (typeof key === 'object' && key !== null) return `#${identity(key)}`;
  return String(key);
}

const identities = new WeakMap<object, number>();
let numIdentities = 0;

function identity(object: object): number {
  const known = identities.get(object);
  if (known !== undefined) return known;
  identities.set(object, ++numIdentities);
  return numIdentities;
}

export function isText(value: Value): value is string | Markup {
  return typeof value === 'string' || value instanceof Markup;
}

/** The characters of a `str`. */
export function textOf(value: string | Markup): string {
  return typeof value === 'string' ? value : value.text;
}

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isInt(value: Value): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

/** `type(x).__name__` */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'number' || typeof value === 'bigint') return 'int';
  if (value instanceof PyFloat) return 'float';
  if (value instanceof Markup) return 'Markup';
  if (value instanceof Tuple) return value.names.length > 0 ? '_GroupTuple' : 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof Undefined) return 'Undefined';
  return value instanceof PyObject ? value.typeName : 'list';
}

/** How Jinja2's messages name what was looked into: `'dict object'`. */
export function objectName(value: Value): string {
  if (value === null) return 'None';
  if (value instanceof Markup) return 'markupsafe.Markup object';
  if (value instanceof Tuple && value.names.length > 0) return 'jinja2.filters._GroupTuple object';
  return `${value instanceof PyObject ? value.longTypeName : typeName(value)} object`;
}
