import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { repr } from './show.js';
import {
  PyObject,
  Tuple,
  typeName,
  Undefined,
  type Dict,
  type Kwargs,
  type Value,
} from './values.js';

/** A generator or other iterator: can be walked once, has no length, is always true. */
export class PyIterator extends PyObject {
  readonly #iterator: Iterator<Value>;

  constructor(
    iterator: Iterator<Value>,
    readonly typeName = 'generator',
  ) {
    super();
    this.#iterator = iterator;
  }

  override repr(): string {
    const what = this.typeName === 'generator' ? 'generator object' : `${this.typeName} object`;
    return `<${what} at 0x7f0000000000>`;
  }

  override iterate(): Iterator<Value> {
    return this.#iterator;
  }
}

export type ViewKind = 'keys' | 'values' | 'items';

/** `dict.keys()`, `.values()`, `.items()` */
export class DictView extends PyObject {
  readonly #dict: Dict;
  readonly #meter: Meter;

  constructor(
    dict: Dict,
    readonly kind: ViewKind,
    meter: Meter,
  ) {
    super();
    this.#dict = dict;
    this.#meter = meter;
  }

  get typeName(): string {
    return `dict_${this.kind}`;
  }

  override repr(): string {
    return `${this.typeName}(${repr([...this.#items()], this.#meter)})`;
  }

  override iterate(): Iterator<Value> {
    return this.#items();
  }

  override length(): number {
    return this.#dict.size;
  }

  *#items(): Generator<Value> {
    for (const [key, value] of this.#dict.entries()) {
      yield this.kind === 'keys' ? key : this.kind === 'values' ? value : new Tuple([key, value]);
    }
  }
}

/** Python's `range`, which is no list: it is counted, not made. */
export class PyRange extends PyObject {
  readonly typeName = 'range';

  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super();
  }

  override repr(): string {
    const step = this.step === 1 ? '' : `, ${this.step}`;
    return `range(${this.start}, ${this.stop}${step})`;
  }

  override length(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }

  override *iterate(): Generator<Value> {
    const length = this.length();
    for (let i = 0; i < length; i++) yield this.start + i * this.step;
  }

  /** Of an index that is counted from the start. */
  at(index: number): number {
    return this.start + index * this.step;
  }

  override attribute(name: string): Value | undefined {
    if (name === 'start') return this.start;
    if (name === 'stop') return this.stop;
    return name === 'step' ? this.step : undefined;
  }

  override equals(other: Value): boolean {
    if (!(other instanceof PyRange) || other.length() !== this.length()) return false;
    if (this.length() === 0) return true;
    return other.start === this.start && (this.length() === 1 || other.step === this.step);
  }
}

/** What a template may change: `namespace(x=1)`, `{% set ns.x = 2 %}`. */
export class Namespace extends PyObject {
  readonly typeName = 'Namespace';
  readonly #values: Dict;
  readonly #meter: Meter;

  constructor(values: Dict, meter: Meter) {
    super();
    this.#values = values;
    this.#meter = meter;
  }

  override get longTypeName(): string {
    return 'jinja2.utils.Namespace';
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  override repr(): string {
    return `<Namespace ${repr(this.#values, this.#meter)}>`;
  }

  override attribute(name: string): Value | undefined {
    return this.#values.get(name);
  }

  override item(key: Value): Value | undefined {
    return this.#values.get(key);
  }
}

export type Implementation = (args: readonly Value[], kwargs: Kwargs) => Value;

/** A function or bound method. */
export class PyFunction extends PyObject {
  readonly #call: Implementation;

  constructor(
    readonly functionName: string,
    call: Implementation,
    readonly typeName = 'builtin_function_or_method',
  ) {
    super();
    this.#call = call;
  }

  override repr(): string {
    return `<function ${this.functionName} at 0x7f0000000000>`;
  }

  override call(args: readonly Value[], kwargs: Kwargs): Value {
    return this.#call(args, kwargs);
  }
}

/** `cycler('a', 'b')`: `next()`, `current`, `reset()`. */
export class Cycler extends PyObject {
  readonly typeName = 'Cycler';
  readonly #items: readonly Value[];
  #at = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) raise('TypeError', 'at least one item has to be provided');
    this.#items = items;
  }

  override get longTypeName(): string {
    return 'jinja2.utils.Cycler';
  }

  override repr(): string {
    return '<jinja2.utils.Cycler object at 0x7f0000000000>';
  }

  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.#current();
    if (name === 'next') {
      return new PyFunction('next', () => {
        const item = this.#current();
        this.#at = (this.#at + 1) % this.#items.length;
        return item;
      });
    }
    if (name !== 'reset') return undefined;
    return new PyFunction('reset', () => {
      this.#at = 0;
      return null;
    });
  }

  #current(): Value {
    return this.#items[this.#at] ?? null;
  }
}

/** `joiner(', ')`: nothing the first time, the separator from then on. */
export class Joiner extends PyObject {
  readonly typeName = 'Joiner';
  readonly #separator: Value;
  #isUsed = false;

  constructor(separator: Value) {
    super();
    this.#separator = separator;
  }

  override repr(): string {
    return '<jinja2.utils.Joiner object at 0x7f0000000000>';
  }

  override call(): Value {
    const text = this.#isUsed ? this.#separator : '';
    this.#isUsed = true;
    return text;
  }
}

/** Calls what can be called. @throws TemplateError TypeError, UndefinedError */
export function callValue(callee: Value, args: readonly Value[], kwargs: Kwargs): Value {
  if (callee instanceof PyObject && callee.call !== undefined) return callee.call(args, kwargs);
  if (callee instanceof Undefined) raise(callee.kind, callee.message);
  return typeError(`'${typeName(callee)}' object is not callable`);
}
