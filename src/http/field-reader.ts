import { RequestError, type ErrorCode } from '../core/errors.js';
import { coerceBoolean, coerceInteger, coerceNumber } from './coerce.js';
import { checkDescribed } from './described.js';
import type { FieldKind } from './fields.js';
import { fieldOf, type JsonObject } from './json.js';

const EXPECTED = {
  boolean: 'a boolean',
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  integers: 'a list of integers',
  strings: 'a string or a list of strings',
} as const satisfies Record<Exclude<FieldKind, 'raw'>, string>;

/**
 * Reads typed fields of a JSON object. Absent and null are the same. A field of the body, which FastAPI validates,
 * is coerced as pydantic does it (`"4"` is an integer); one of `sampling_params` is not. Numbers beyond 2^53 are no
 * integers, and 1.5 never is.
 */
export class FieldReader {
  readonly #object: JsonObject;
  readonly #code: ErrorCode;

  /** `code` is the failure that a wrong type gives: INVALID_JSON is FastAPI's, and coerces. */
  constructor(object: JsonObject, code: ErrorCode) {
    this.#object = object;
    this.#code = code;
  }

  raw(name: string): unknown {
    return fieldOf(this.#object, name);
  }

  boolean(name: string): boolean | null {
    const strict = (value: unknown): boolean | undefined =>
      typeof value === 'boolean' ? value : undefined;
    return this.#read(name, 'boolean', strict, coerceBoolean);
  }

  string(name: string): string | null {
    return this.#read(name, 'string', (value) => (typeof value === 'string' ? value : undefined));
  }

  number(name: string): number | null {
    const strict = (value: unknown): number | undefined =>
      typeof value === 'number' ? value : undefined;
    return this.#read(name, 'number', strict, coerceNumber);
  }

  integer(name: string): number | null {
    const strict = (value: unknown): number | undefined => (isInteger(value) ? value : undefined);
    return this.#read(name, 'integer', strict, coerceInteger);
  }

  integers(name: string): readonly number[] | null {
    return this.#read(name, 'integers', (value) => (isIntegers(value) ? value : undefined));
  }

  /** A string or a list of strings, as a list. */
  strings(name: string): readonly string[] | null {
    return this.#read(name, 'strings', (value) => {
      if (typeof value === 'string') return [value];
      return isStrings(value) ? value : undefined;
    });
  }

  /** `lax` stands for `strict` where FastAPI validates. */
  #read<T>(
    name: string,
    kind: keyof typeof EXPECTED,
    strict: (value: unknown) => T | undefined,
    lax = strict,
  ): T | null {
    checkDescribed(this.#object, name, kind);
    const value = this.raw(name);
    if (value === null) return null;
    const read = (this.#code === 'INVALID_JSON' ? lax : strict)(value);
    if (read !== undefined) return read;
    throw new RequestError(this.#code, `${name} must be ${EXPECTED[kind]}, got ${preview(value)}.`);
  }
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

export function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isInteger);
}

export function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

const PREVIEW_CHARS = 80;

/** A value as it stands in an error message: short, whatever was sent. */
export function preview(value: unknown): string {
  // JSON has no Infinity, but 1e999 parses to it.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text;
}
