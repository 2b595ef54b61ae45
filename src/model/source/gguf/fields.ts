import { ModelLoadError } from '../../load-error.js';
import type { GgufFile } from './read-header.js';
import type { MetaValue } from './metadata.js';

/** More layers than any model has. */
const COUNT_MAX = 1024;

/** A file's metadata with readers that name file and key in every complaint. */
export class GgufFields {
  readonly #metadata: ReadonlyMap<string, MetaValue>;

  constructor(
    readonly path: string,
    { metadata }: Pick<GgufFile, 'metadata'>,
  ) {
    this.#metadata = metadata;
  }

  has(key: string): boolean {
    return this.#metadata.has(key);
  }

  /** Null where there is none. */
  textOrNull(key: string): string | null {
    const value = this.#metadata.get(key) ?? null;
    return value === null || typeof value === 'string' ? value : this.#wrong(key, 'a text');
  }

  text(key: string): string {
    return this.textOrNull(key) ?? this.#wrong(key, 'a text');
  }

  booleanOrNull(key: string): boolean | null {
    const value = this.#metadata.get(key) ?? null;
    return value === null || typeof value === 'boolean' ? value : this.#wrong(key, 'true or false');
  }

  /** A finite number. */
  numberOrNull(key: string): number | null {
    const value = this.#metadata.get(key) ?? null;
    if (value === null) return null;
    return typeof value === 'number' && Number.isFinite(value)
      ? value
      : this.#wrong(key, 'a number');
  }

  number(key: string): number {
    return this.numberOrNull(key) ?? this.#wrong(key, 'a number');
  }

  /** How many there are of something that each has settings of its own. */
  count(key: string): number {
    const value = this.number(key);
    if (Number.isInteger(value) && value > 0 && value <= COUNT_MAX) return value;
    return this.#wrong(key, `an integer from 1 to ${COUNT_MAX}`);
  }

  /** A number for all layers, or one that all of them have in a list. */
  sameInAllLayers(key: string): number | null {
    const value = this.#metadata.get(key) ?? null;
    if (value === null || typeof value === 'number') return this.numberOrNull(key);
    const [first, ...rest] = this.#numbers(key);
    if (first !== undefined && rest.every((other) => other === first)) return first;
    return this.#wrong(key, 'the same for all layers: others are not supported');
  }

  /** A number for all layers, or one that those of a list have which have any, and 0 the others; null = none has. */
  sameWhereAny(key: string): number | null {
    const found = this.sameOrEach(key);
    if (found === null || typeof found === 'number') return found;
    return this.#wrong(key, 'the same for all layers that have any: others are not supported');
  }

  /** A number for all layers that have any, or the list of what each has where they differ. */
  sameOrEach(key: string): number | null | readonly number[] {
    const value = this.#metadata.get(key) ?? null;
    if (value === null || typeof value === 'number') return this.numberOrNull(key);
    const numbers = this.#numbers(key);
    const [first = null, ...rest] = numbers.filter((number) => number !== 0);
    return rest.every((other) => other === first) ? first : numbers;
  }

  /** A number for each of `count` layers, of a list or the same for all. */
  byLayer(key: string, count: number): readonly number[] {
    const value = this.#metadata.get(key) ?? null;
    const numbers = typeof value === 'number' ? Array.from({ length: count }, () => value) : [];
    if (numbers.length > 0) return numbers;
    const listed = this.#numbers(key);
    return listed.length === count ? listed : this.#wrong(key, `a list of ${count} numbers`);
  }

  /** A list of `count` answers; null where there is no list. */
  flagsOrNull(key: string, count: number): readonly boolean[] | null {
    const value: unknown = this.#metadata.get(key);
    if (typeof value !== 'object') return null;
    const isFlags = (list: unknown): list is readonly boolean[] =>
      Array.isArray(list) &&
      list.length === count &&
      list.every((item) => typeof item === 'boolean');
    return isFlags(value) ? value : this.#wrong(key, `a list of ${count} times true or false`);
  }

  numbersOrNull(key: string): readonly number[] | null {
    return this.has(key) ? this.#numbers(key) : null;
  }

  textsOrNull(key: string): readonly string[] | null {
    const value = this.#metadata.get(key) ?? null;
    if (value === null) return null;
    const isTexts = (list: unknown): list is readonly string[] =>
      Array.isArray(list) && list.every((item) => typeof item === 'string');
    return isTexts(value) ? value : this.#wrong(key, 'a list of texts');
  }

  texts(key: string): readonly string[] {
    return this.textsOrNull(key) ?? this.#wrong(key, 'a list of texts');
  }

  /** Throws a sentence about the file. */
  fail(why: string): never {
    throw new ModelLoadError('bad_config', `${this.path}: ${why}.`);
  }

  #numbers(key: string): readonly number[] {
    const value: unknown = this.#metadata.get(key);
    const isNumbers = (list: unknown): list is readonly number[] =>
      Array.isArray(list) && list.every((item) => typeof item === 'number');
    return isNumbers(value) ? value : this.#wrong(key, 'a list of numbers');
  }

  #wrong(key: string, expected: string): never {
    return this.fail(`"${key}" must be ${expected}${this.has(key) ? '' : ', and it is missing'}`);
  }
}
