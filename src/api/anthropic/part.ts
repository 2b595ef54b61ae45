import { refuse } from '../../core/errors.js';
import { checkNeeded } from '../../http/described.js';
import type { FieldKind } from '../../http/fields.js';
import { Dict, isList, PyFloat, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';

/**
 * One object of a body, with the path by which messages name it: `messages.0.content.1`. Where the object is described,
 * nothing but what its description has can be read.
 */
export class Part {
  readonly dict: Dict;
  readonly #path: string;

  constructor(dict: Dict, path = '') {
    this.dict = dict;
    this.#path = path;
  }

  /** Absent and null are the same. */
  value(name: string, kind: FieldKind = 'raw'): Value {
    return dictField(this.dict, name, kind);
  }

  /** @throws RequestError that names the field, as all readers here do */
  text(name: string): string | null {
    const value = this.value(name, 'string');
    return value === null || typeof value === 'string' ? value : this.#wrong(name, 'string');
  }

  neededText(name: string): string {
    return this.text(name) ?? this.missing(name);
  }

  flag(name: string): boolean | null {
    const value = this.value(name, 'boolean');
    return value === null || typeof value === 'boolean' ? value : this.#wrong(name, 'boolean');
  }

  integer(name: string): number | null {
    const value = this.value(name, 'integer');
    const number = value instanceof PyFloat ? value.value : value;
    if (number === null || Number.isSafeInteger(number)) return number as number | null;
    return this.#wrong(name, 'integer');
  }

  child(name: string): Part | null {
    const value = this.value(name);
    if (value === null) return null;
    return value instanceof Dict ? new Part(value, this.at(name)) : this.#wrong(name, 'object');
  }

  children(name: string): readonly Part[] | null {
    const value = this.value(name);
    if (value === null) return null;
    if (!isList(value)) return this.#wrong(name, 'list');
    return value.map((item, i) => {
      const path = this.at(`${name}.${i}`);
      return item instanceof Dict ? new Part(item, path) : refuse(expected(path, 'object'));
    });
  }

  texts(name: string): readonly string[] | null {
    const value = this.value(name);
    if (value === null) return null;
    if (!isList(value)) return this.#wrong(name, 'list');
    return value.map((item, i) =>
      typeof item === 'string' ? item : refuse(expected(this.at(`${name}.${i}`), 'string')),
    );
  }

  /** One of the words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | null {
    const value = this.value(name, 'string');
    if (value === null) return null;
    const word = words.find((one) => one === value);
    const list = words.map((one) => `'${one}'`).join(', ');
    return word ?? refuse(`${this.at(name)}: Input should be one of ${list}`);
  }

  missing(name: string): never {
    checkNeeded(this.dict, name);
    return refuse(`${this.at(name)}: Field required`);
  }

  /** Refuses the object itself. */
  fail(why: string): never {
    return refuse(this.#path === '' ? why : `${this.#path}: ${why}`);
  }

  at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #wrong(name: string, type: string): never {
    return refuse(expected(this.at(name), type));
  }
}

function expected(path: string, type: string): string {
  return `${path}: Input should be a valid ${type}`;
}
