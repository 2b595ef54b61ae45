/** What the readers of untyped formats need of a function's parameters. */
type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const BRANCHES = ['anyOf', 'oneOf', 'allOf'];
const MAX_DEPTH = 16;

/** Schemas of the arguments by name; of the branches where the schema itself names none. */
export function propertiesOf(schema: unknown, depth = 0): ReadonlyMap<string, unknown> {
  if (!isJson(schema) || depth > MAX_DEPTH) return new Map();
  const { properties } = schema;
  if (isJson(properties)) return new Map(Object.entries(properties));
  const merged = new Map<string, unknown>();
  for (const branch of BRANCHES.flatMap((name) => itemsOf(schema[name]))) {
    for (const [name, value] of propertiesOf(branch, depth + 1)) {
      if (!merged.has(name)) merged.set(name, value);
    }
  }
  return merged;
}

/** Schema of the arguments that have no name in it; undefined where it does not say. */
export function otherPropertiesOf(schema: unknown): unknown {
  return isJson(schema) ? schema['additionalProperties'] : undefined;
}

/**
 * All types that a value of the schema may have; empty = the schema does not say.
 * @param root what references within it mean
 */
export function typesOf(schema: unknown, root: unknown, depth = 0): ReadonlySet<string> {
  if (!isJson(schema) || depth > MAX_DEPTH) return new Set();
  const { type, enum: values, const: constant, $ref: reference } = schema;
  if (isText(reference)) return typesOf(referred(reference, root), root, depth + 1);
  const own = typeof type === 'string' ? [type] : itemsOf(type).filter(isText);
  const branches = BRANCHES.flatMap((name) => itemsOf(schema[name]));
  const types = new Set([
    ...own.map(standardType),
    ...(own.length > 0 ? [] : itemsOf(values).map(typeOfValue)),
    ...(own.length > 0 || constant === undefined ? [] : [typeOfValue(constant)]),
    ...branches.flatMap((branch) => [...typesOf(branch, root, depth + 1)]),
  ]);
  if (types.size > 0) return types;
  if ('properties' in schema) return new Set(['object']);
  return 'items' in schema ? new Set(['array']) : types;
}

/** What `#/$defs/name` leads to; undefined where it leads nowhere. */
function referred(pointer: string, root: unknown): unknown {
  const steps = pointer.split('/').slice(1);
  return steps.reduce<unknown>((value, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return isJson(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, root);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function typeOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const STANDARD = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']);

/** Names of types that databases and object mappers give, by the JSON type that they mean. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  string:
    'str text varchar char enum uuid date datetime time timestamp binary blob bytea bytes varbinary'.split(
      ' ',
    ),
  boolean: ['bool'],
  integer: ['bigint', 'smallint', 'tinyint'],
  number: ['double', 'decimal', 'real', 'numeric'],
  array: ['arr', 'tuple', 'set'],
  object: ['map'],
};
const BY_ALIAS = new Map(
  Object.entries(ALIASES).flatMap(([type, names]) => names.map((name) => [name, type] as const)),
);
/** With digits, brackets or white space behind: `int32`, `list[str]`. */
const PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^(?:int|uint|long|short|unsigned)(?:$|[\d[<( \t])/, 'integer'],
  [/^(?:num|float)(?:$|[\d[<( \t])/, 'number'],
  [/^list(?:$|[\d[<( \t])/, 'array'],
  [/^dict(?:$|[\d[<( \t])/, 'object'],
];

/** `varchar(255)` → `string`, as in SGLang; a name that means nothing stays. */
export function standardType(type: string): string {
  if (STANDARD.has(type)) return type;
  const base = (type.split('(', 1)[0] ?? '').trim().toLowerCase();
  if (STANDARD.has(base)) return base;
  return BY_ALIAS.get(base) ?? PREFIXES.find(([pattern]) => pattern.test(base))?.[1] ?? type;
}
