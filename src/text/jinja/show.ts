import { pythonRepr } from '../python-repr.js';
import { typeError } from './errors.js';
import type { Meter } from './meter.js';
import { floatText, intText } from './numbers.js';
import { Dict, isList, Markup, PyFloat, PyObject, Tuple, Undefined, type Value } from './values.js';

/** `str(value)`, as a template prints it. */
export function show(value: Value, meter: Meter): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) return '';
  return repr(value, meter);
}

/** `repr(value)` */
export function repr(value: Value, meter: Meter): string {
  const out: string[] = [];
  new Writer(out, meter).write(value);
  return out.join('');
}

class Writer {
  readonly #out: string[];
  readonly #meter: Meter;
  #length = 0;

  constructor(out: string[], meter: Meter) {
    this.#out = out;
    this.#meter = meter;
  }

  write(value: Value): void {
    if (isList(value)) this.#items('[', value, ']');
    else if (value instanceof Tuple)
      this.#items('(', value.items, value.items.length === 1 ? ',)' : ')');
    else if (value instanceof Dict) this.#dict(value);
    else this.#put(atom(value, this.#meter));
  }

  #items(open: string, items: readonly Value[], close: string): void {
    this.#put(open);
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#put(', ');
      this.write(item);
    }
    this.#put(close);
  }

  #dict(dict: Dict): void {
    this.#put('{');
    let separator = '';
    for (const [key, value] of dict.entries()) {
      this.#put(separator);
      this.write(key);
      this.#put(': ');
      this.write(value);
      separator = ', ';
    }
    this.#put('}');
  }

  #put(text: string): void {
    this.#length += text.length;
    this.#meter.steps(1);
    this.#meter.fits(this.#length);
    this.#meter.chars(text.length);
    this.#out.push(text);
  }
}

/** What holds nothing. */
function atom(value: Exclude<Value, readonly Value[] | Tuple | Dict>, meter: Meter): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'bigint') return intText(value);
  if (typeof value === 'string') {
    meter.chars(value.length * 4);
    return pythonRepr(value);
  }
  if (value instanceof PyFloat) return floatText(value.value);
  if (value instanceof Markup) return `Markup(${pythonRepr(value.text)})`;
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof PyObject) return value.repr();
  return typeError('cannot be printed');
}
