import { RequestError } from '../core/errors.js';

/** Deepest nesting of a request body: far beyond any real one, far below what exhausts a stack. */
const MAX_DEPTH = 128;

/** A JSON object of a request. Read it with {@link fieldOf}: keys like `__proto__` are only data. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws RequestError INVALID_JSON */
export function parseJsonObject(body: Uint8Array): JsonObject {
  const value = parseJson(body);
  if (!isObject(value)) {
    throw new RequestError('INVALID_JSON', 'The request body must be a JSON object.');
  }
  return value;
}

/** The JSON object of a route whose body may be left out: none is `{}`. @throws RequestError INVALID_JSON */
export function parseOptionalObject(body: Uint8Array): JsonObject {
  return body.length === 0 ? {} : parseJsonObject(body);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own field, with absent, null and inherited all the same: null. */
export function fieldOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? null) : null;
}

function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) throw new RequestError('INVALID_JSON', 'The request body is empty.');
  checkDepth(body);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new RequestError('INVALID_JSON', 'The request body is not valid UTF-8.');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RequestError('INVALID_JSON', `The request body is not valid JSON: ${why}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** Counts brackets outside strings before the parser sees them. */
function checkDepth(body: Uint8Array): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] ?? 0;
    if (isString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isString = false;
      continue;
    }
    if (byte === QUOTE) isString = true;
    else if (CLOSE.has(byte)) depth--;
    else if (OPEN.has(byte) && ++depth > MAX_DEPTH) {
      throw new RequestError(
        'INVALID_JSON',
        `The request body is nested deeper than ${MAX_DEPTH} levels.`,
      );
    }
  }
}
