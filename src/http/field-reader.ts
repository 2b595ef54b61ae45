import { RequestError, type ErrorCode } from '../core/errors.js';
import { fieldOf, type JsonObject } from './json.js';

/**
 * Reads typed fields of a JSON object. Absent and null are the same; nothing is coerced: a string is no
 * number, 1.5 is no integer, and numbers beyond 2^53 are no integers either.
 */
export class FieldReader {
  readonly #object: JsonObject;
  readonly #code: ErrorCode;

  /** `code` is the failure that a wrong type gives. */
  constructor(object: JsonObject, code: ErrorCode) {
    this.#object = object;
    this.#code = code;
  }

  raw(name: string): unknown {
    return fieldOf(this.#object, name);
  }

  boolean(name: string): boolean | null {
    return this.#typed(name, 'a boolean', (value) => typeof value === 'boolean');
  }

  string(name: string): string | null {
    return this.#typed(name, 'a string', (value) => typeof value === 'string');
  }

  number(name: string): number | null {
    return this.#typed(name, 'a number', (value) => typeof value === 'number');
  }

  integer(name: string): number | null {
    return this.#typed(name, 'an integer', isInteger);
  }

  integers(name: string): readonly number[] | null {
    return this.#typed(name, 'a list of integers', isIntegers);
  }

  /** A string or a list of strings, as a list. */
  strings(name: string): readonly string[] | null {
    const value = this.#typed(name, 'a string or a list of strings', isStringOrStrings);
    return typeof value === 'string' ? [value] : value;
  }

  #typed<T>(name: string, expected: string, isType: (value: unknown) => value is T): T | null {
    const value = this.raw(name);
    if (value === null) return null;
    if (isType(value)) return value;
    throw new RequestError(this.#code, `${name} must be ${expected}, got ${preview(value)}.`);
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

function isStringOrStrings(value: unknown): value is string | string[] {
  return typeof value === 'string' || isStrings(value);
}

const PREVIEW_CHARS = 80;

/** A value as it stands in an error message: short, whatever was sent. */
export function preview(value: unknown): string {
  // JSON has no Infinity, but 1e999 parses to it.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > PREVIEW_CHARS ? `${text.slice(0, PREVIEW_CHARS)}…` : text;
}
