import {
  field,
  type Field,
  type Fields,
  type Inside,
  type Schema,
  type Shape,
  type Variants,
} from './fields.js';

/** @param required names of fields that must be there */
export function shape<T extends Fields>(
  fields: T,
  required: readonly (keyof T & string)[] = [],
): Shape {
  return { fields, required };
}

/** Shapes that the value of the field `by` names. */
export function variants(by: string, shapes: Readonly<Record<string, Shape>>): Variants {
  const tagged = Object.entries(shapes).map(([name, { fields, required }]) => {
    const one = { fields: { [by]: tag(name), ...fields }, required: [by, ...required] };
    return [name, one] as const;
  });
  return {
    shapes: Object.fromEntries(tagged),
    pick: (read) => read(by),
    common: { [by]: field.string('Which of them it is.') },
  };
}

/** The field by which an object of variants says which one it is. */
export function tag(name: string): Field {
  return field.string('Which of them it is.', { const: name });
}

type Maker = (about: string, inside: Inside, more?: Schema) => Field;

function maker(schemaAround: (inside: Schema) => Schema): Maker {
  return (about, inside, more = {}) => ({
    ...field.raw(about, { ...schemaAround(schemaInside(inside)), ...more }),
    inside,
  });
}

/** Fields whose objects are described too; `more` adds to the schema. */
export const nested = {
  object: maker((inside) => inside),
  list: maker((items) => ({ type: 'array', items })),
  /** A text, or a list of objects. */
  textOrList: maker((items) => ({ anyOf: [{ type: 'string' }, { type: 'array', items }] })),
  /** A text, or one object. */
  textOrObject: maker((inside) => ({ anyOf: [{ type: 'string' }, inside] })),
  /** One of the words, or one object. */
  wordOrObject: (words: readonly string[], about: string, inside: Inside): Field =>
    maker((object) => ({ anyOf: [{ enum: words }, object] }))(about, inside),
} as const;

/** Under this name in the document. */
export function named<T extends Inside>(name: string, inside: T): T {
  return { ...inside, name };
}

/** The schemas of what has a name, wherever it stands in the fields. */
export function namedSchemas(fields: Fields): Readonly<Record<string, Schema>> {
  const insides = Object.values(fields).flatMap(({ inside }) => (inside === null ? [] : [inside]));
  const found = insides.map((inside) => {
    const shapes = 'shapes' in inside ? Object.values(inside.shapes) : [inside];
    const own = inside.name === undefined ? {} : { [inside.name]: wholeSchema(inside) };
    return {
      ...own,
      ...shapes.reduce((all, one) => ({ ...all, ...namedSchemas(one.fields) }), {}),
    };
  });
  return found.reduce((all, one) => ({ ...all, ...one }), {});
}

function schemaInside(inside: Inside): Schema {
  const { name } = inside;
  return name === undefined ? wholeSchema(inside) : { $ref: `#/components/schemas/${name}` };
}

function wholeSchema(inside: Inside): Schema {
  if (!('shapes' in inside)) return shapeSchema(inside);
  return { anyOf: Object.values(inside.shapes).map(shapeSchema) };
}

/** The schema of an object. */
export function shapeSchema({ fields, required }: Shape): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, one]) => [
        name,
        fieldSchema(one, required.includes(name)),
      ]),
    ),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** Null counts as left out, wherever a field is not required. */
export function fieldSchema({ schema, about }: Field, isRequired: boolean): Schema {
  const described = { ...schema, description: about };
  if (isRequired || Object.keys(schema).length === 0) return described;
  const { default: fallback, ...rest } = schema;
  const nullable = { anyOf: [rest, { type: 'null' }], description: about };
  return fallback === undefined ? nullable : { ...nullable, default: fallback };
}
