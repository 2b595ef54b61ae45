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
  /** What is read of the object, or of each object of the list, that the value is; null = nothing that is described. */
  readonly inside: Inside | null;
}

export type Fields = Readonly<Record<string, Field>>;

/** What one object may bring, and what it must. */
export interface Shape {
  readonly fields: Fields;
  readonly required: readonly string[];
  /** Under which the document has it, for all that refer to it; none = where it is used. */
  readonly name?: string;
}

/** Objects of several shapes. */
export interface Variants {
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The name of an object's shape; one that there is not = of none of them. */
  readonly pick: (read: (name: string) => unknown) => unknown;
  /** What is read of every object, to tell them apart. */
  readonly common: Fields;
  /** As a shape's. */
  readonly name?: string;
}

export type Inside = Shape | Variants;

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
  return (about, more = {}) => ({
    kind,
    about,
    schema: { ...SCHEMAS[kind], ...more },
    inside: null,
  });
}

/** One maker a kind; `more` adds to the schema: `default`, `minimum`, `enum`, … */
export const field = {
  boolean: maker('boolean'),
  string: maker('string'),
  number: maker('number'),
  integer: maker('integer'),
  integers: maker('integers'),
  strings: maker('strings'),
  /** Refused by name, unless what is sent asks for nothing; `harmless` = values that ask for no more than nothing. */
  refused: (about = 'Refused.', harmless: readonly string[] = []): Field => ({
    kind: 'raw',
    about,
    schema: { anyOf: [{ enum: [false, '', ...harmless] }, { type: 'array', maxItems: 0 }] },
    inside: null,
  }),
  /** Read by a parser of its own; `schema` says what that takes. */
  raw: (about: string, schema: Schema = {}): Field => ({
    kind: 'raw',
    about,
    schema,
    inside: null,
  }),
} as const;
