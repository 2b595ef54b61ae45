import { raise, typeError } from './errors.js';
import { isTrue, sortBy } from './compare.js';
import type { Meter } from './meter.js';
import { floatText, intText } from './numbers.js';
import { toArray } from './sequences.js';
import {
  Dict,
  isInt,
  isList,
  isText,
  PyFloat,
  textOf,
  Tuple,
  typeName,
  type Value,
} from './values.js';

export interface JsonLayout {
  readonly ensureAscii: Value;
  /** Spaces, or the text of one level; None = all on one line. */
  readonly indent: Value;
  /** `(item, key)`, or None for Python's own. */
  readonly separators: Value;
  readonly sortKeys: Value;
}

/** `json.dumps(value, …)`. @throws TemplateError TypeError for what is no JSON */
export function jsonText(value: Value, layout: JsonLayout, meter: Meter): string {
  const writer = new JsonWriter(layout, meter);
  writer.write(value, 0);
  return writer.text();
}

class JsonWriter {
  readonly #meter: Meter;
  readonly #out: string[] = [];
  readonly #indent: string | null;
  readonly #itemSeparator: string;
  readonly #keySeparator: string;
  readonly #isAscii: boolean;
  readonly #isSorted: boolean;
  #length = 0;

  constructor({ ensureAscii, indent, separators, sortKeys }: JsonLayout, meter: Meter) {
    this.#meter = meter;
    this.#indent = indentText(indent);
    const [item, key] = separators === null ? [] : toArray(separators, meter);
    this.#itemSeparator = item === undefined ? (this.#indent === null ? ', ' : ',') : asText(item);
    this.#keySeparator = key === undefined ? ': ' : asText(key);
    this.#isAscii = isTrue(ensureAscii);
    this.#isSorted = isTrue(sortKeys);
  }

  text(): string {
    return this.#out.join('');
  }

  write(value: Value, depth: number): void {
    if (value === null) this.#put('null');
    else if (typeof value === 'boolean') this.#put(value ? 'true' : 'false');
    else if (isText(value)) this.#string(textOf(value));
    else if (isInt(value)) this.#put(intText(value));
    else if (value instanceof PyFloat) this.#put(jsonFloat(value.value));
    else if (isList(value)) this.#list(value, depth);
    else if (value instanceof Tuple) this.#list(value.items, depth);
    else if (value instanceof Dict) this.#dict(value, depth);
    else typeError(`Object of type ${typeName(value)} is not JSON serializable`);
  }

  #list(items: readonly Value[], depth: number): void {
    this.#group('[', ']', depth, items, (item) => {
      this.write(item, depth + 1);
    });
  }

  #dict(dict: Dict, depth: number): void {
    const entries = [...dict.entries()];
    const sorted = this.#isSorted ? sortBy(entries, ([key]) => key, false, this.#meter) : entries;
    this.#group('{', '}', depth, sorted, ([key, value]) => {
      this.#string(keyText(key));
      this.#put(this.#keySeparator);
      this.write(value, depth + 1);
    });
  }

  #group<T>(
    open: string,
    close: string,
    depth: number,
    items: readonly T[],
    write: (item: T) => void,
  ): void {
    this.#put(open);
    for (const [i, item] of items.entries()) {
      if (i > 0) this.#put(this.#itemSeparator);
      this.#newline(depth + 1);
      write(item);
    }
    if (items.length > 0) this.#newline(depth);
    this.#put(close);
  }

  #newline(depth: number): void {
    if (this.#indent === null) return;
    this.#meter.chars(this.#indent.length * depth);
    this.#put(`\n${this.#indent.repeat(depth)}`);
  }

  #string(text: string): void {
    this.#meter.chars(text.length * 2);
    const escaped = JSON.stringify(text).replaceAll(/\\u(d[89ab]..)/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    this.#put(this.#isAscii ? asciiOnly(escaped) : escaped);
  }

  #put(text: string): void {
    this.#length += text.length;
    this.#meter.steps(1);
    this.#meter.fits(this.#length);
    this.#meter.chars(text.length);
    this.#out.push(text);
  }
}

function asciiOnly(text: string): string {
  return text.replace(/[\x7f-\uffff]/g, (char) =>
    char === '\x7f' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function indentText(indent: Value): string | null {
  if (indent === null) return null;
  if (isText(indent)) return textOf(indent);
  if (!isInt(indent))
    return typeError(`can't multiply sequence by non-int of type '${typeName(indent)}'`);
  return ' '.repeat(Math.min(Math.max(Number(indent), 0), 1000));
}

function asText(value: Value): string {
  return isText(value) ? textOf(value) : typeError('separators must be strings');
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatText(value);
}

/** Keys are texts in JSON; other scalars become what they would be as values. */
function keyText(key: Value): string {
  if (isText(key)) return textOf(key);
  if (key === null) return 'null';
  if (typeof key === 'boolean') return key ? 'true' : 'false';
  if (isInt(key)) return intText(key);
  if (key instanceof PyFloat) return jsonFloat(key.value);
  return raise('TypeError', `keys must be str, int, float, bool or None, not ${typeName(key)}`);
}
