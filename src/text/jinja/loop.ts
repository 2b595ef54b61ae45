import { equals } from './compare.js';
import { raise, typeError } from './errors.js';
import type { Meter } from './meter.js';
import { PyFunction } from './objects.js';
import { iterate, lengthOf } from './sequences.js';
import { PyObject, Tuple, Undefined, type Value } from './values.js';

/** Renders the loop's body over other items, one level deeper. */
export type Recurse = (items: Value, depth: number) => Value;

/** `loop` inside a `for`: also its iteration. Looking ahead takes the next item early. */
export class LoopContext extends PyObject {
  readonly typeName = 'LoopContext';
  readonly #items: Value;
  readonly #meter: Meter;
  readonly #recurse: Recurse | null;
  readonly #depth: number;
  #iterator: Iterator<Value>;
  #length: number | null = null;
  #index = -1;
  #after: IteratorResult<Value> | null = null;
  #before: Value = null;
  #current: Value = null;
  #changed: Tuple | null = null;

  constructor(items: Value, depth: number, recurse: Recurse | null, meter: Meter) {
    super();
    this.#items = items;
    this.#meter = meter;
    this.#depth = depth;
    this.#recurse = recurse;
    this.#iterator = iterate(items, meter);
  }

  /** The next item, or that there is none. */
  next(): IteratorResult<Value> {
    const result = this.#after ?? this.#iterator.next();
    this.#after = null;
    if (result.done === true) return result;
    this.#index++;
    this.#before = this.#current;
    this.#current = result.value;
    return result;
  }

  override get longTypeName(): string {
    return 'jinja2.runtime.LoopContext';
  }

  override repr(): string {
    return `<LoopContext ${this.#index + 1}/${this.length()}>`;
  }

  /** Of items without a length: they are taken. */
  override length(): number {
    if (this.#length !== null) return this.#length;
    const known = lengthOf(this.#items, this.#meter);
    if (known !== null) return (this.#length = known);
    const rest: Value[] = [];
    for (let next = this.#iterator.next(); next.done !== true; next = this.#iterator.next()) {
      rest.push(next.value);
    }
    this.#iterator = rest.values();
    const isPeeked = this.#after !== null && this.#after.done !== true;
    return (this.#length = rest.length + this.#index + 1 + (isPeeked ? 1 : 0));
  }

  override call(args: readonly Value[]): Value {
    if (this.#recurse === null) {
      return typeError("The loop must have the 'recursive' marker to be called recursively.");
    }
    return this.#recurse(args[0] ?? null, this.#depth + 1);
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return this.#index + 1;
      case 'index0':
        return this.#index;
      case 'revindex':
        return this.length() - this.#index;
      case 'revindex0':
        return this.length() - this.#index - 1;
      case 'first':
        return this.#index === 0;
      case 'last':
        return this.#peek().done === true;
      case 'length':
        return this.length();
      case 'depth':
        return this.#depth + 1;
      case 'depth0':
        return this.#depth;
      case 'previtem':
        return this.#index === 0 ? new Undefined('there is no previous item') : this.#before;
      case 'nextitem': {
        const next = this.#peek();
        return next.done === true ? new Undefined('there is no next item') : next.value;
      }
      case 'cycle':
        return new PyFunction(name, (args) => {
          if (args.length === 0) raise('TypeError', 'no items for cycling given');
          return args[this.#index % args.length] ?? null;
        });
      case 'changed':
        return new PyFunction(name, (args) => this.#isChanged(new Tuple(args)));
    }
    return undefined;
  }

  #peek(): IteratorResult<Value> {
    return (this.#after ??= this.#iterator.next());
  }

  #isChanged(values: Tuple): boolean {
    if (this.#changed !== null && equals(this.#changed, values, this.#meter)) return false;
    this.#changed = values;
    return true;
  }
}
