import { isObject, type JsonObject } from '../../http/json.js';
import { pythonRepr } from '../../text/python-repr.js';
import { standardType } from '../../text/tools/schema.js';

const TYPES = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);

/** What is wrong with the value of a keyword, in jsonschema's words; null = nothing. */
type Check = (value: unknown) => string | null;

const text: Check = (value) => (typeof value === 'string' ? null : notOf(value, 'string'));
const number: Check = (value) => (typeof value === 'number' ? null : notOf(value, 'number'));
const flag: Check = (value) => (typeof value === 'boolean' ? null : notOf(value, 'boolean'));
const list: Check = (value) => (Array.isArray(value) ? null : notOf(value, 'array'));
const count: Check = (value) => {
  if (!Number.isInteger(value)) return notOf(value, 'integer');
  return Number(value) < 0 ? `${repr(value)} is less than the minimum of 0` : null;
};
const names: Check = (value) => {
  if (!Array.isArray(value)) return notOf(value, 'array');
  const other: unknown = value.find((name) => typeof name !== 'string');
  if (other !== undefined) return notOf(other, 'string');
  return new Set(value).size < value.length ? `${repr(value)} has non-unique elements` : null;
};
const schemas: Check = (value) => {
  if (!Array.isArray(value)) return notOf(value, 'array');
  if (value.length === 0) return '[] should be non-empty';
  return firstFault(value);
};
const schemasByName: Check = (value) =>
  isObject(value) ? firstFault(Object.values(value)) : notOf(value, 'object');

/** The keywords of draft 2020-12 that say how a value must look; others mean nothing here. */
const KEYWORDS: Readonly<Record<string, Check>> = {
  type: typeFault,
  title: text,
  description: text,
  pattern: text,
  format: text,
  $ref: text,
  enum: list,
  required: names,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: number,
  minLength: count,
  maxLength: count,
  minItems: count,
  maxItems: count,
  minProperties: count,
  maxProperties: count,
  uniqueItems: flag,
  properties: schemasByName,
  patternProperties: schemasByName,
  $defs: schemasByName,
  definitions: schemasByName,
  anyOf: schemas,
  oneOf: schemas,
  allOf: schemas,
  prefixItems: schemas,
  items: schemaFault,
  additionalProperties: schemaFault,
  propertyNames: schemaFault,
  contains: schemaFault,
  not: schemaFault,
  if: schemaFault,
  then: schemaFault,
  else: schemaFault,
};

/** Why a value is no JSON schema, in the words that SGLang's validator begins with; null = it is one. */
export function schemaFault(schema: unknown): string | null {
  if (typeof schema === 'boolean') return null;
  if (!isObject(schema)) return `${repr(schema)} is not of type 'object', 'boolean'`;
  return firstKeywordFault(schema);
}

function firstKeywordFault(schema: JsonObject): string | null {
  for (const [name, value] of Object.entries(schema)) {
    const fault = Object.hasOwn(KEYWORDS, name) ? (KEYWORDS[name]?.(value) ?? null) : null;
    if (fault !== null) return fault;
  }
  return null;
}

function firstFault(values: readonly unknown[]): string | null {
  for (const value of values) {
    const fault = schemaFault(value);
    if (fault !== null) return fault;
  }
  return null;
}

/** Names of other type systems stand for JSON's, as in SGLang. */
function typeFault(value: unknown): string | null {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isKnown = given.every((one) => typeof one === 'string' && TYPES.has(standardType(one)));
  return isKnown && given.length > 0
    ? null
    : `${repr(value)} is not valid under any of the given schemas`;
}

function notOf(value: unknown, type: string): string {
  return `${repr(value)} is not of type '${type}'`;
}

const MAX_SHOWN = 200;

/** As Python shows the value, cut where it is long. */
function repr(value: unknown): string {
  return shown(value).slice(0, MAX_SHOWN);
}

function shown(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return pythonRepr(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, one]) => `${pythonRepr(key)}: ${shown(one)}`);
  return `{${entries.join(', ')}}`;
}
