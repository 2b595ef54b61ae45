import { KEY_MARK, markKeys } from '../../core/json-keys.js';
import { GrammarError } from '../errors.js';

/** A JSON value with the keys of objects in the order of the text. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export type JsonMap = ReadonlyMap<string, Json>;
/** `true` takes everything, `false` nothing. */
export type Schema = boolean | JsonMap;

/** `JSON.parse`, but that keys which look like numbers stay where they stand. @throws GrammarError */
export function parseSchemaText(text: string): Schema {
  let value: unknown;
  try {
    JSON.parse(text);
    value = JSON.parse(markKeys(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new GrammarError(`the schema is not valid JSON: ${why}`);
  }
  const schema = withMaps(value);
  if (typeof schema === 'boolean' || isMap(schema)) return schema;
  throw new GrammarError('the schema must be an object or a boolean');
}

function withMaps(value: unknown): Json {
  if (Array.isArray(value)) return value.map(withMaps);
  if (typeof value !== 'object' || value === null) return value as Json;
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [
    key.slice(KEY_MARK.length),
    withMaps(item),
  ]);
  return new Map(entries);
}

export function isMap(value: Json | undefined): value is JsonMap {
  return value instanceof Map;
}

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isSchema(value: Json | undefined): value is Schema {
  return typeof value === 'boolean' || isMap(value);
}

/** Two values are equal when their texts are, whatever the order of their keys. */
export function sameJson(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: Json): string {
  if (isList(value)) return `[${value.map(canonical).join()}]`;
  if (!isMap(value)) return JSON.stringify(value);
  const entries = [...value].map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`);
  return `{${entries.sort().join()}}`;
}

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

export const JSON_TYPES: readonly JsonType[] = [
  'null',
  'boolean',
  'integer',
  'number',
  'string',
  'array',
  'object',
];

export function hasType(value: Json, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return isList(value);
    case 'object':
      return isMap(value);
    default:
      return typeof value === type;
  }
}

/** @throws GrammarError that names the place in the schema */
export function refuse(path: string, why: string): never {
  throw new GrammarError(`${path}: ${why}`);
}

/** A step down in a schema, as JSON Pointer spells it. */
export function at(path: string, ...keys: readonly (string | number)[]): string {
  const steps = keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'));
  return [path, ...steps].join('/');
}
