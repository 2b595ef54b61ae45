import { parseDecimalInt } from './numbers.js';
import { Dict, PyFloat, type Value } from './values.js';

/** Values in one text: a thousand messages with parts and tool calls have some 20,000. */
export const MAX_VALUES = 1_000_000;
/** As deep as a request body may be. */
const MAX_DEPTH = 128;

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** Why a text is no JSON that a template may see. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/**
 * What Python's `json.loads` makes of a text: integers of any size, floats that stay floats, keys in their
 * order. @throws JsonTextError also beyond a million values; TemplateError for an integer of over 4,300 digits
 */
export function parseJsonValue(text: string): Value {
  return new JsonReader(text).document();
}

class JsonReader {
  readonly #text: string;
  #at = 0;
  #numValues = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Value {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('Extra data');
    return value;
  }

  #value(depth: number): Value {
    if (++this.#numValues > MAX_VALUES) this.#fail(`More than ${MAX_VALUES} values`);
    if (depth > MAX_DEPTH) this.#fail(`Nested deeper than ${MAX_DEPTH} levels`);
    this.#space();
    const char = this.#text[this.#at];
    if (char === '"') return this.#string();
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    const word = WORDS.find(([name]) => this.#text.startsWith(name, this.#at));
    if (word === undefined) return this.#number();
    this.#at += word[0].length;
    return word[1];
  }

  #object(depth: number): Dict {
    const dict = new Dict();
    this.#at++;
    if (this.#skip('}')) return dict;
    do {
      this.#space();
      if (this.#text[this.#at] !== '"')
        this.#fail('Expecting property name enclosed in double quotes');
      const key = this.#string();
      if (!this.#skip(':')) this.#fail("Expecting ':' delimiter");
      dict.set(key, this.#value(depth + 1));
    } while (this.#skip(','));
    if (!this.#skip('}')) this.#fail("Expecting ',' delimiter");
    return dict;
  }

  #array(depth: number): Value[] {
    const items: Value[] = [];
    this.#at++;
    if (this.#skip(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']')) this.#fail("Expecting ',' delimiter");
    return items;
  }

  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end !== -1 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end === -1) this.#fail('Unterminated string');
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, end + 1)) as string;
    } catch {
      return this.#fail('Invalid string');
    }
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text[at - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  #number(): number | bigint | PyFloat {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#fail('Expecting value');
    this.#at += match[0].length;
    const isFloat = match[1] !== undefined || match[2] !== undefined;
    return isFloat ? new PyFloat(Number(match[0])) : parseDecimalInt(match[0]);
  }

  #skip(char: string): boolean {
    this.#space();
    const isIt = this.#text[this.#at] === char;
    if (isIt) this.#at++;
    return isIt;
  }

  #space(): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code > 0x20) return;
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #fail(why: string): never {
    throw new JsonTextError(`${why} (char ${this.#at})`);
  }
}

/** A value of `JSON.parse` where its text is not at hand: a number without a fraction is an integer. */
export function fromJson(value: unknown): Value {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? value : new PyFloat(value);
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value !== 'object' || value === null) return null;
  return Dict.of(Object.entries(value).map(([key, item]) => [key, fromJson(item)]));
}
