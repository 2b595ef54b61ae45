import { RequestError } from '../core/errors.js';
import { KEY_MARK, markKeys, unmarkKeys } from '../core/json-keys.js';
import {
  checkDescribed,
  describe,
  describeAs,
  describeInside,
  type ObjectAccess,
} from './described.js';
import type { Fields, Shape } from './fields.js';

/** Deepest nesting of a request body: far beyond any real one, far below what exhausts a stack. */
export const MAX_DEPTH = 128;
/** Values in a request body: 2,048 prompts of 2,048 token ids. */
export const MAX_VALUES = 4 * 1024 * 1024;

/** A JSON object of a request. Read it with {@link fieldOf}: keys like `__proto__` are only data. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Where an object stands in the text that it was read from. */
export interface JsonSource {
  readonly text: string;
  /** Keys that lead to it. */
  readonly path: readonly string[];
}

const sources = new WeakMap<JsonObject, JsonSource>();

/** `fields` = all that will be read of it. @throws RequestError INVALID_JSON */
export function parseJsonObject(body: Uint8Array, fields?: Fields): JsonObject {
  const text = textOf(body);
  const value = parseJson(text);
  if (!isObject(value)) {
    throw new RequestError('INVALID_JSON', 'The request body must be a JSON object.');
  }
  sources.set(value, { text, path: [] });
  return fields === undefined ? value : describe(value, fields);
}

/** As {@link parseJsonObject}, of a body that must have what its shape requires. @throws RequestError INVALID_JSON */
export function parseShapedObject(body: Uint8Array, shape: Shape): JsonObject {
  return describeAs(parseJsonObject(body), shape);
}

/** The text of a request's object, for those who need every digit of it: `JSON.parse` keeps no large integers. */
export function sourceOf(object: JsonObject): JsonSource | null {
  return sources.get(object) ?? null;
}

/** `child` is `parent`'s field of this name. */
export function keepSource(child: JsonObject, parent: JsonObject, name: string): void {
  const source = sources.get(parent);
  if (source !== undefined) sources.set(child, { text: source.text, path: [...source.path, name] });
}

const NUMBER_KEY = /"\d+"\s*:/;

/** The text of a value inside `object`, with keys in the client's order: `JSON.parse` puts numbers first. */
export function orderedText(object: JsonObject, path: readonly string[]): string {
  const source = sources.get(object);
  if (source === undefined || !NUMBER_KEY.test(source.text)) {
    return JSON.stringify(
      path.reduce<unknown>(
        (value, name) => (isObject(value) ? fieldOf(value, name) : null),
        object,
      ),
    );
  }
  let value: unknown = JSON.parse(markKeys(source.text));
  for (const name of [...source.path, ...path]) {
    value = isObject(value) ? fieldOf(value, KEY_MARK + name) : null;
  }
  return unmarkKeys(JSON.stringify(value));
}

/** The JSON object of a route whose body may be left out: none is `{}`. @throws RequestError INVALID_JSON */
export function parseOptionalObject(body: Uint8Array, fields?: Fields): JsonObject {
  return body.length === 0 ? {} : parseJsonObject(body, fields);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a text is the JSON of; null = it is none. */
export function objectIn(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** An own field, with absent, null and inherited all the same: null. */
export function fieldOf(object: JsonObject, name: string): unknown {
  const known = checkDescribed(object, name, 'raw');
  const value = ownValue(object, name);
  if (known !== undefined && known.inside !== null) {
    describeInside(value, known.inside, JSON_OBJECTS);
  }
  return value;
}

const JSON_OBJECTS: ObjectAccess<JsonObject> = { isObject, read: ownValue };

function ownValue(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function textOf(body: Uint8Array): string {
  if (body.length === 0) throw new RequestError('INVALID_JSON', 'The request body is empty.');
  checkSize(body);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new RequestError('INVALID_JSON', 'The request body is not valid UTF-8.');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(withExactSeeds(text)) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RequestError('INVALID_JSON', `The request body is not valid JSON: ${why}`);
  }
}

/** What a byte outside strings does to the counts. */
const PLAIN = 0;
const QUOTE = 1;
const OPEN = 2;
const CLOSE = 3;
const COMMA = 4;
const BACKSLASH_BYTE = 0x5c;
const QUOTE_BYTE = 0x22;
const KIND_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if ('[{'.includes(char)) return OPEN;
  if (']}'.includes(char)) return CLOSE;
  if (char === ',') return COMMA;
  return byte === QUOTE_BYTE ? QUOTE : PLAIN;
});

/** Counts brackets and commas outside strings before the parser sees them. A loop over up to 256 MiB. */
function checkSize(body: Uint8Array): void {
  let depth = 0;
  let numValues = 1;
  for (let i = 0; i < body.length; i++) {
    const kind = KIND_OF_BYTE[body[i] ?? 0];
    if (kind === PLAIN) continue;
    if (kind === QUOTE) i = stringEnd(body, i);
    else if (kind === CLOSE) depth--;
    else {
      numValues++;
      if (kind === OPEN && ++depth > MAX_DEPTH)
        tooMuch(`is nested deeper than ${MAX_DEPTH} levels`);
      if (numValues > MAX_VALUES) tooMuch(`holds more than ${MAX_VALUES} values`);
    }
  }
}

/** Where the string that begins at `start` ends. */
function stringEnd(body: Uint8Array, start: number): number {
  for (let i = start + 1; i < body.length; i++) {
    const byte = body[i];
    if (byte === BACKSLASH_BYTE) i++;
    else if (byte === QUOTE_BYTE) return i;
  }
  return body.length;
}

function tooMuch(what: string): never {
  throw new RequestError('INVALID_JSON', `The request body ${what}.`);
}

/** A key `seed` or `sampling_seed`, and an integer that a double may not hold. No string has an unescaped quote in it. */
const LONG_SEED = /("(?:sampling_)?seed"\s*:\s*)(-?\d{16,20})(?=\s*[,}\]])/g;

/** Long seeds as text, so that all of their digits count: clients send `time_ns()` and 63 random bits. */
function withExactSeeds(text: string): string {
  return text.replace(LONG_SEED, '$1"$2"');
}
