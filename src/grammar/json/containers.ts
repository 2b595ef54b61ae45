/** Objects and arrays of JSON. */
import { IMPOSSIBLE, alt, cat, NOTHING, optional, repeat, text, type Expr } from '../expr.js';
import { searchRegex } from '../regex.js';
import { countOf, schemaFrom, schemaListOf, schemasOf, stringsOf } from './keywords.js';
import type { Layout } from './layout.js';
import { at, isList, refuse, type JsonMap, type Schema } from './schema.js';
import type { Spelling } from './spelling.js';
import { patternString } from './strings.js';

/** What objects and arrays need of whoever lowers the schemas inside them. */
export interface Lowering {
  readonly layout: Layout;
  readonly strings: Spelling;
  value(schema: Schema, path: string): Expr;
  /** The expression as a rule of its own, so that it can stand in many places. */
  shared(expr: Expr): Expr;
  /** True when some text matches both. */
  matches(expr: Expr, text: string): boolean;
}

interface Entry {
  readonly expr: Expr;
  readonly isRequired: boolean;
}

/** Properties come in the order of the schema. */
export function objectOf(schema: JsonMap, path: string, lowering: Lowering): Expr {
  const { edge } = lowering.layout;
  const entries = namedEntries(schema, path, lowering);
  if (entries === null) return IMPOSSIBLE;
  const other = otherEntry(schema, path, lowering);
  const [least, most] = otherCounts(schema, path, entries, other !== null);
  if (most < least) return IMPOSSIBLE;
  const inner = entryList(entries, { expr: other, least, most }, lowering);
  const isEmpty = least === 0 && entries.every(({ isRequired }) => !isRequired);
  const content = cat(inner, edge);
  return cat(text('{'), edge, isEmpty ? optional(content) : content, text('}'));
}

/** A property that has a name in the schema. */
export interface NamedProperty {
  readonly name: string;
  readonly value: Schema;
  readonly isRequired: boolean;
}

/** In the order of the schema, without impossible ones; null = a required one is impossible. */
export function namedProperties(schema: JsonMap, path: string): readonly NamedProperty[] | null {
  const properties = new Map<string, Schema>(schemasOf(schema, 'properties', path));
  const required = new Set(stringsOf(schema, 'required', path));
  const rest = schema.get('additionalProperties') ?? true;
  for (const name of required) {
    if (properties.has(name)) continue;
    properties.set(name, schemaFrom(rest, at(path, 'additionalProperties')));
  }
  const named = [...properties].map(([name, value]) => {
    return { name, value, isRequired: required.has(name) };
  });
  if (named.some(({ value, isRequired }) => value === false && isRequired)) return null;
  return named.filter(({ value }) => value !== false);
}

/** Null = a required property is impossible. */
function namedEntries(schema: JsonMap, path: string, lowering: Lowering): readonly Entry[] | null {
  const named = namedProperties(schema, path);
  checkPatterns(schema, path, named ?? [], lowering);
  const { colon } = lowering.layout;
  return (
    named?.map(({ name, value, isRequired }) => {
      const own = lowering.value(value, at(path, 'properties', name));
      return { expr: cat(text(JSON.stringify(name)), colon, own), isRequired };
    }) ?? null
  );
}

/** A property that matches a pattern would have to satisfy both. */
function checkPatterns(
  schema: JsonMap,
  path: string,
  properties: readonly NamedProperty[],
  lowering: Lowering,
): void {
  for (const pattern of schemasOf(schema, 'patternProperties', path).keys()) {
    const expr = searchRegex(pattern);
    const found = properties.find(({ name }) => lowering.matches(expr, name));
    if (found === undefined) continue;
    refuse(at(path, 'patternProperties', pattern), `the property "${found.name}" matches it too`);
  }
}

/** Keys that have no name in the schema; null = there are none. */
function otherEntry(schema: JsonMap, path: string, lowering: Lowering): Expr | null {
  const { colon } = lowering.layout;
  const names = [
    ...schemasOf(schema, 'properties', path).keys(),
    ...stringsOf(schema, 'required', path),
  ];
  const patterns = [...schemasOf(schema, 'patternProperties', path)];
  const given = schema.get('additionalProperties');
  const rest = given ?? (names.length === 0 && patterns.length === 0);
  const restPath = at(path, 'additionalProperties');
  if (patterns.length > 0) {
    if (rest !== false) refuse(restPath, 'must be false beside patternProperties');
    if (schema.has('propertyNames'))
      refuse(at(path, 'propertyNames'), 'cannot be held beside patternProperties');
    if (patterns.length > 1) refuse(at(path, 'patternProperties'), 'only one pattern can be held');
    const [pattern, value] = patterns[0] ?? ['', true];
    if (value === false) return null;
    const valuePath = at(path, 'patternProperties', pattern);
    return lowering.shared(
      cat(patternString(pattern, lowering.strings), colon, lowering.value(value, valuePath)),
    );
  }
  if (rest === false) return null;
  const key = otherKeyOf(schema, path, names, lowering);
  return lowering.shared(cat(key, colon, lowering.value(schemaFrom(rest, restPath), restPath)));
}

function otherKeyOf(
  schema: JsonMap,
  path: string,
  names: readonly string[],
  lowering: Lowering,
): Expr {
  const keys = schema.get('propertyNames');
  if (keys === undefined || keys === true) return lowering.strings.key(names);
  const keysPath = at(path, 'propertyNames');
  if (names.length > 0) refuse(keysPath, 'cannot be held beside properties with names');
  const own = schemaFrom(keys, keysPath);
  if (own === false) return IMPOSSIBLE;
  return lowering.value(own === true ? own : new Map(own).set('type', 'string'), keysPath);
}

/** How many of the other keys there must and may be. */
function otherCounts(
  schema: JsonMap,
  path: string,
  entries: readonly Entry[],
  hasOthers: boolean,
): readonly [number, number] {
  const least = countOf(schema, 'minProperties', path, 0);
  const most = countOf(schema, 'maxProperties', path, Infinity);
  const numRequired = entries.filter(({ isRequired }) => isRequired).length;
  if (numRequired > most || (!hasOthers && least > entries.length)) return [1, 0];
  const isFixed = numRequired === entries.length;
  if (!isFixed && (least > numRequired || most < entries.length)) {
    refuse(path, 'minProperties and maxProperties cannot be held beside optional properties');
  }
  const missing = Math.max(0, least - entries.length);
  // Equal keys would count once.
  if (missing > 1)
    refuse(at(path, 'minProperties'), 'at most one key without a name can be asked for');
  if (!isFixed && hasOthers && most !== Infinity) {
    refuse(at(path, 'maxProperties'), 'cannot be held beside optional properties');
  }
  return [missing, hasOthers ? most - numRequired : 0];
}

interface Others {
  /** Null = none. */
  readonly expr: Expr | null;
  readonly least: number;
  readonly most: number;
}

/** The entries with commas between those that are there; one of them at least. */
function entryList(entries: readonly Entry[], others: Others, lowering: Lowering): Expr {
  const { comma } = lowering.layout;
  const { expr: other, least, most } = others;
  let after = other === null ? NOTHING : repeat(cat(comma, other), least, most);
  const firsts: Expr[] = [];
  if (other !== null && most > 0 && !entries.some(({ isRequired }) => isRequired)) {
    firsts.push(cat(other, repeat(cat(comma, other), Math.max(0, least - 1), most - 1)));
  }
  for (const [i, { expr, isRequired }] of [...entries.entries()].reverse()) {
    const own = lowering.shared(expr);
    const rest = after.kind === 'rule' ? after : lowering.shared(after);
    if (!entries.slice(0, i).some((entry) => entry.isRequired)) firsts.push(cat(own, rest));
    after = cat(isRequired ? cat(comma, own) : optional(cat(comma, own)), rest);
  }
  return { kind: 'alt', items: firsts };
}

export function arrayOf(schema: JsonMap, path: string, lowering: Lowering): Expr {
  const { edge, comma } = lowering.layout;
  const least = countOf(schema, 'minItems', path, 0);
  const most = countOf(schema, 'maxItems', path, Infinity);
  if (schema.get('uniqueItems') === true && most > 1) {
    refuse(at(path, 'uniqueItems'), 'a grammar cannot tell whether items are unique');
  }
  const { first, rest } = itemSchemas(schema, path);
  const restExpr = rest === false ? null : lowering.shared(lowering.value(rest, at(path, 'items')));
  const size = Math.min(first.length, most);
  let after: Expr =
    restExpr === null
      ? least > size
        ? IMPOSSIBLE
        : NOTHING
      : repeated(restExpr, { least: least - size, most: most - size, isFirst: size === 0 }, comma);
  for (let i = size - 1; i >= 0; i--) {
    const item = lowering.value(first[i] ?? true, at(path, 'prefixItems', i));
    const some = cat(i === 0 ? NOTHING : comma, item, after);
    after = i < least ? some : optional(some);
  }
  return cat(text('['), edge, alt(cat(after, edge)), text(']'));
}

function repeated(
  item: Expr,
  { least, most, isFirst }: { least: number; most: number; isFirst: boolean },
  comma: Expr,
): Expr {
  if (most < Math.max(0, least)) return IMPOSSIBLE;
  if (most <= 0) return NOTHING;
  const next = cat(comma, item);
  if (!isFirst) return repeat(next, Math.max(0, least), most);
  const some = cat(item, repeat(next, Math.max(0, least - 1), most - 1));
  return least > 0 ? some : optional(some);
}

/** Schemas of the first items, and of all others; both spellings of tuples. */
function itemSchemas(
  schema: JsonMap,
  path: string,
): { readonly first: readonly Schema[]; readonly rest: Schema } {
  const items = schema.get('items');
  if (isList(items)) {
    const rest = schemaFrom(schema.get('additionalItems') ?? false, at(path, 'additionalItems'));
    return { first: items.length === 0 ? [] : schemaListOf(schema, 'items', path), rest };
  }
  const first = schema.has('prefixItems') ? schemaListOf(schema, 'prefixItems', path) : [];
  // As XGrammar does: what a tuple does not name is not there.
  return { first, rest: schemaFrom(items ?? first.length === 0, at(path, 'items')) };
}
