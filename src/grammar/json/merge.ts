/** What satisfies two schemas, as one. Parts below are joined by `allOf`, and merged when their turn comes. */
import { countOf, numberOf, schemasOf, stringsOf } from './keywords.js';
import {
  at,
  hasType,
  JSON_TYPES,
  isList,
  isMap,
  refuse,
  sameJson,
  type Json,
  type JsonMap,
  type Schema,
} from './schema.js';

/** Pairs of alternatives that two lists of them come to. */
const MAX_PAIRS = 256;

/** @returns false where nothing satisfies both. @throws GrammarError where one schema cannot say it */
export function mergeSchemas(a: Schema, b: Schema, path: string): Schema {
  if (a === false || b === false) return false;
  if (a === true) return b;
  if (b === true) return a;
  const [ours, theirs] = [withForbidden(a, b, path), withForbidden(b, a, path)];
  const merged = new Map<string, Json>(ours);
  for (const [name, value] of theirs) {
    const known = ours.get(name);
    const held = known === undefined ? value : mergeKeyword(name, [known, value], path);
    if (held === undefined) return false;
    merged.set(name, held);
  }
  return merged;
}

/** `schema` with what `other` says of properties that it does not name itself. */
function withForbidden(schema: JsonMap, other: JsonMap, path: string): JsonMap {
  const rest = other.get('additionalProperties');
  if (rest === undefined || rest === true) return schema;
  if (schema.has('patternProperties') || other.has('patternProperties')) {
    refuse(
      path,
      'additionalProperties and patternProperties of different schemas cannot be merged',
    );
  }
  const own = schemasOf(other, 'properties', path);
  const properties = schemasOf(schema, 'properties', path);
  if (properties.size === 0) return schema;
  const bounded = [...properties].map(([name, value]): [string, Json] =>
    own.has(name) ? [name, value] : [name, both(value, rest)],
  );
  return new Map(schema).set('properties', new Map(bounded));
}

function both(a: Json, b: Json): Json {
  if (a === false || b === false) return false;
  return new Map([['allOf', [a, b]]]);
}

type Pair = readonly [Json, Json];
/** Undefined = nothing satisfies both. */
type Merge = (pair: Pair, name: string, path: string) => Json | undefined;

const larger: Merge = ([a, b]) => Math.max(Number(a), Number(b));
const smaller: Merge = ([a, b]) => Math.min(Number(a), Number(b));
const same: Merge = (pair, name, path) =>
  sameJson(...pair)
    ? pair[0]
    : refuse(at(path, name), `two different values of "${name}" cannot be held at once`);
const schemaOfBoth: Merge = ([a, b]) => both(a, b);

const union: Merge = (pair, name, path) => [
  ...new Set(pair.flatMap((value) => stringsOf(new Map([[name, value]]), name, path))),
];

const byName: Merge = ([a, b], name, path) => {
  if (!isMap(a) || !isMap(b)) return refuse(at(path, name), 'must be an object');
  const merged = new Map(a);
  for (const [key, value] of b) {
    const known = a.get(key);
    merged.set(key, known === undefined ? value : both(known, value));
  }
  return merged;
};

const pairs: Merge = ([a, b], name, path) => {
  if (!isList(a) || !isList(b)) return refuse(at(path, name), 'must be a list of schemas');
  if (a.length * b.length > MAX_PAIRS) refuse(at(path, name), 'too many alternatives');
  return a.flatMap((one) => b.map((other) => both(one, other)));
};

const commonTypes: Merge = ([a, b]) => {
  const [ours, theirs] = [listFrom(a), listFrom(b)];
  const found = ours.flatMap((type) => {
    if (theirs.includes(type)) return [type];
    if (type === 'number' && theirs.includes('integer')) return ['integer'];
    return type === 'integer' && theirs.includes('number') ? ['integer'] : [];
  });
  return found.length === 0 ? undefined : [...new Set(found)];
};

const commonValues: Merge = ([a, b]) => {
  const theirs = listFrom(b);
  const found = listFrom(a).filter((value) => theirs.some((other) => sameJson(value, other)));
  return found.length === 0 ? undefined : found;
};

const MERGES: Readonly<Record<string, Merge>> = {
  type: commonTypes,
  enum: commonValues,
  const: ([a, b]) => (sameJson(a, b) ? a : undefined),
  required: union,
  properties: byName,
  patternProperties: byName,
  additionalProperties: schemaOfBoth,
  propertyNames: schemaOfBoth,
  items: schemaOfBoth,
  additionalItems: schemaOfBoth,
  allOf: ([a, b]) => [...listFrom(a), ...listFrom(b)],
  anyOf: pairs,
  oneOf: pairs,
  minimum: larger,
  exclusiveMinimum: larger,
  minLength: larger,
  minItems: larger,
  minProperties: larger,
  maximum: smaller,
  exclusiveMaximum: smaller,
  maxLength: smaller,
  maxItems: smaller,
  maxProperties: smaller,
  uniqueItems: ([a, b]) => a === true || b === true,
};

const HELD = new Set(['pattern', 'format', 'multipleOf', 'prefixItems', '$ref']);

function mergeKeyword(name: string, pair: Pair, path: string): Json | undefined {
  const merge = MERGES[name];
  if (merge !== undefined) return merge(pair, name, path);
  return HELD.has(name) ? same(pair, name, path) : pair[0];
}

function listFrom(value: Json): readonly Json[] {
  return isList(value) ? value : [value];
}

/** True when no value satisfies both, as far as it can be told; references are followed by `flat`. */
export function areDisjoint(
  a: Schema,
  b: Schema,
  flat: (schema: Schema) => Schema,
  depth = 0,
): boolean {
  const [one, other] = [flat(a), flat(b)];
  if (one === false || other === false) return true;
  if (one === true || other === true || depth > 8) return false;
  for (const [mine, theirs] of [
    [one, other],
    [other, one],
  ] as const) {
    const choices = mine.get('anyOf') ?? mine.get('oneOf');
    if (!isList(choices)) continue;
    return choices.every(
      (choice) => isSchemaLike(choice) && areDisjoint(choice, theirs, flat, depth + 1),
    );
  }
  const values = valuesOf(one);
  const others = valuesOf(other);
  if (values !== null && others !== null) {
    return !values.some((value) => others.some((same) => sameJson(value, same)));
  }
  if (values !== null) return !values.some((value) => mayBe(other, value));
  if (others !== null) return !others.some((value) => mayBe(one, value));
  return (
    haveNoCommonType(one, other) ||
    rangesApart(one, other) ||
    haveDisjointProperty(one, other, flat, depth)
  );
}

function isSchemaLike(value: Json): value is Schema {
  return typeof value === 'boolean' || isMap(value);
}

function valuesOf(schema: JsonMap): readonly Json[] | null {
  const constant = schema.get('const');
  if (constant !== undefined) return [constant];
  const list = schema.get('enum');
  return isList(list) ? list : null;
}

function mayBe(schema: JsonMap, value: Json): boolean {
  const types = schema.get('type');
  if (types === undefined) return true;
  return JSON_TYPES.some((type) => listFrom(types).includes(type) && hasType(value, type));
}

function haveNoCommonType(a: JsonMap, b: JsonMap): boolean {
  const [ours, theirs] = [a.get('type'), b.get('type')];
  if (ours === undefined || theirs === undefined) return false;
  return commonTypes([ours, theirs], 'type', '') === undefined;
}

/** Numbers whose ranges do not meet. */
function rangesApart(a: JsonMap, b: JsonMap): boolean {
  const isNumeric = [a, b].every((one) =>
    listFrom(one.get('type') ?? null).every((type) => type === 'integer' || type === 'number'),
  );
  if (!isNumeric) return false;
  const isBelow = (low: JsonMap, high: JsonMap): boolean => {
    const most = numberOf(low, 'maximum', '') ?? Infinity;
    const under = numberOf(low, 'exclusiveMaximum', '') ?? Infinity;
    const least = numberOf(high, 'minimum', '') ?? -Infinity;
    const over = numberOf(high, 'exclusiveMinimum', '') ?? -Infinity;
    return most < least || under <= least || most <= over || under <= over;
  };
  return isBelow(a, b) || isBelow(b, a);
}

function haveDisjointProperty(
  a: JsonMap,
  b: JsonMap,
  flat: (schema: Schema) => Schema,
  depth: number,
): boolean {
  const isObject = (schema: JsonMap): boolean => sameJson(schema.get('type') ?? null, 'object');
  if (!isObject(a) || !isObject(b)) return false;
  const [ours, theirs] = [schemasOf(a, 'properties', ''), schemasOf(b, 'properties', '')];
  for (const [name, needs, has, rest] of [
    ...stringsOf(a, 'required', '').map((key) => [key, b, theirs, ours] as const),
    ...stringsOf(b, 'required', '').map((key) => [key, a, ours, theirs] as const),
  ]) {
    const isForbidden =
      needs.get('additionalProperties') === false &&
      !has.has(name) &&
      countOf(needs, 'maxProperties', '', 1) >= 0;
    if (isForbidden && !needs.has('patternProperties')) return true;
    const [one, other] = [has.get(name), rest.get(name)];
    if (!stringsOf(needs, 'required', '').includes(name)) continue;
    if (one !== undefined && other !== undefined && areDisjoint(one, other, flat, depth + 1))
      return true;
  }
  return false;
}
