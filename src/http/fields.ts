/** What a body may bring: one description that the parsers read by, and that the OpenAPI document is made of. */

/** A JSON Schema, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** How a field is read; `raw` = by a parser of its own. */
export type FieldKind =
  'boolean' | 'string' | 'number' | 'integer' | 'integers' | 'strings' | 'raw';

export interface Field {
  readonly kind: FieldKind;
  /** Of a value that is not null; every field may be null or left out unless it is required. */
  readonly schema: Schema;
  /** One sentence. */
  readonly about: string;
}

export type Fields = Readonly<Record<string, Field>>;

const SCHEMAS: Readonly<Record<Exclude<FieldKind, 'raw'>, Schema>> = {
  boolean: { type: 'boolean' },
  string: { type: 'string' },
  number: { type: 'number' },
  integer: { type: 'integer' },
  integers: { type: 'array', items: { type: 'integer' } },
  strings: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
};

type Maker = (about: string, more?: Schema) => Field;

function maker(kind: Exclude<FieldKind, 'raw'>): Maker {
  return (about, more = {}) => ({ kind, about, schema: { ...SCHEMAS[kind], ...more } });
}

/** One maker a kind; `more` adds to the schema: `default`, `minimum`, `enum`, … */
export const field = {
  boolean: maker('boolean'),
  string: maker('string'),
  number: maker('number'),
  integer: maker('integer'),
  integers: maker('integers'),
  strings: maker('strings'),
  /** Read by a parser of its own; `schema` says what that takes. */
  raw: (about: string, schema: Schema = {}): Field => ({ kind: 'raw', about, schema }),
} as const;

const described = new WeakMap<object, Fields>();

/** From here on nothing but these fields is read of the object: a parser that reads another has a bug. */
export function describe<T extends object>(object: T, fields: Fields): T {
  described.set(object, fields);
  return object;
}

/** @throws Error where the object is described and the description knows no such field of this kind */
export function checkDescribed(object: object, name: string, kind: FieldKind): void {
  const fields = described.get(object);
  if (fields === undefined) return;
  const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (known === undefined) throw new Error(`This is a bug: no description has '${name}'.`);
  if (kind === 'raw' || known.kind === 'raw' || known.kind === kind) return;
  throw new Error(`This is a bug: '${name}' is described as ${known.kind} and read as ${kind}.`);
}
