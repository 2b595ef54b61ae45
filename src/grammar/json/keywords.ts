/** What is known of every keyword of JSON Schema: none that says something about the answer is skipped. */
import {
  at,
  isList,
  isMap,
  isSchema,
  JSON_TYPES,
  refuse,
  type Json,
  type JsonMap,
  type JsonType,
} from './schema.js';

/** Says nothing about the answer, or only where a reference looks for it. */
const ANNOTATIONS = new Set(
  `$schema $id $anchor $comment $defs definitions title description default examples example deprecated
   readOnly writeOnly contentEncoding contentMediaType contentSchema $vocabulary`.split(/\s+/),
);

/** Which type of value a keyword is about. */
export const KEYWORDS_OF: Readonly<
  Record<'object' | 'array' | 'string' | 'number', readonly string[]>
> = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  array: ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

const GENERAL = ['type', 'enum', 'const', '$ref', 'allOf', 'anyOf', 'oneOf'];
const SUPPORTED = new Set([...GENERAL, ...Object.values(KEYWORDS_OF).flat()]);

/** A grammar cannot hold these: to answer as though they were not there would be a lie. */
const REFUSED = new Set(
  `not if then else contains minContains maxContains dependencies dependentRequired dependentSchemas
   unevaluatedProperties unevaluatedItems $dynamicRef $recursiveRef`.split(/\s+/),
);

/** Refuses keywords that cannot be held. Unknown ones mean nothing, as the specification says. */
export function checkKeywords(schema: JsonMap, path: string): void {
  for (const [name, value] of schema) {
    if (!REFUSED.has(name) || isWithoutEffect(name, value)) continue;
    refuse(at(path, name), `the keyword "${name}" cannot be held by a grammar`);
  }
}

/** `unevaluatedProperties: false` forbids what is left out here anyway. */
function isWithoutEffect(name: string, value: Json): boolean {
  return name.startsWith('unevaluated') && typeof value === 'boolean';
}

/** The keywords that say something about the answer. */
export function assertionsOf(schema: JsonMap): readonly string[] {
  return [...schema.keys()].filter((name) => SUPPORTED.has(name) && !ANNOTATIONS.has(name));
}

/** The types that a value may have: those that are named, or those that the keywords are about. */
export function typesOf(schema: JsonMap, path: string): readonly JsonType[] {
  const type = schema.get('type');
  if (type !== undefined) {
    const names = isList(type) ? type : [type];
    return names.map((name) => {
      const known = JSON_TYPES.find((one) => one === name);
      return known ?? refuse(at(path, 'type'), `${JSON.stringify(name)} is not a type`);
    });
  }
  const meant = JSON_TYPES.filter((one) => {
    const keywords = one === 'integer' ? undefined : KEYWORDS_OF[one as keyof typeof KEYWORDS_OF];
    return keywords?.some((name) => schema.has(name)) ?? false;
  });
  return meant.length > 0 ? meant : JSON_TYPES.filter((one) => one !== 'integer');
}

// ---- values of keywords, checked ----------------------------------------------------------------

/** A count, or `fallback` where the keyword is absent. @throws GrammarError */
export function countOf(schema: JsonMap, name: string, path: string, fallback: number): number {
  const value = schema.get(name);
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  return refuse(at(path, name), 'must be a whole number that is not negative');
}

export function numberOf(schema: JsonMap, name: string, path: string): number | null {
  const value = schema.get(name);
  if (value === undefined) return null;
  return typeof value === 'number' ? value : refuse(at(path, name), 'must be a number');
}

export function stringOf(schema: JsonMap, name: string, path: string): string | null {
  const value = schema.get(name);
  if (value === undefined) return null;
  return typeof value === 'string' ? value : refuse(at(path, name), 'must be a string');
}

export function stringsOf(schema: JsonMap, name: string, path: string): readonly string[] {
  const value = schema.get(name) ?? [];
  const isStrings = isList(value) && value.every((item) => typeof item === 'string');
  return isStrings ? value.map(String) : refuse(at(path, name), 'must be a list of strings');
}

/** Schemas by name. */
export function schemasOf(
  schema: JsonMap,
  name: string,
  path: string,
): ReadonlyMap<string, boolean | JsonMap> {
  const value = schema.get(name);
  if (value === undefined) return new Map();
  if (!isMap(value)) return refuse(at(path, name), 'must be an object');
  return new Map([...value].map(([key, item]) => [key, schemaFrom(item, at(path, name, key))]));
}

/** A list of schemas that has one at least. */
export function schemaListOf(
  schema: JsonMap,
  name: string,
  path: string,
): readonly (boolean | JsonMap)[] {
  const value = schema.get(name);
  if (!isList(value) || value.length === 0)
    return refuse(at(path, name), 'must be a list of schemas');
  return value.map((item, i) => schemaFrom(item, at(path, name, i)));
}

export function schemaFrom(value: Json | undefined, path: string): boolean | JsonMap {
  return isSchema(value) ? value : refuse(path, 'must be a schema: an object or a boolean');
}
