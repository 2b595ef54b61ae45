import type { Field, FieldKind, Fields, Inside, Shape } from './fields.js';

interface Description {
  readonly fields: Fields;
  /** Null = the description does not say. */
  readonly required: readonly string[] | null;
}

const descriptions = new WeakMap<object, Description>();

/** From here on nothing but these fields is read of the object: a parser that reads another has a bug. */
export function describe<T extends object>(object: T, fields: Fields): T {
  descriptions.set(object, { fields, required: null });
  return object;
}

/** As {@link describe}, with what the object must have. */
export function describeAs<T extends object>(object: T, shape: Shape): T {
  descriptions.set(object, shape);
  return object;
}

/** `copy` is the same object, read in another way. */
export function describeAlike(copy: object, object: object): void {
  const description = descriptions.get(object);
  if (description !== undefined) descriptions.set(copy, description);
}

/**
 * @returns what is known of the field; undefined where nothing is described
 * @throws Error where the object is described and the description knows no such field of this kind
 */
export function checkDescribed(object: object, name: string, kind: FieldKind): Field | undefined {
  const description = descriptions.get(object);
  if (description === undefined) return undefined;
  const { fields } = description;
  const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (known === undefined) throw new Error(`This is a bug: no description has '${name}'.`);
  if (kind === 'raw' || known.kind === 'raw' || known.kind === kind) return known;
  throw new Error(`This is a bug: '${name}' is described as ${known.kind} and read as ${kind}.`);
}

/** @throws Error where the object is described and may do without the field that it is refused for */
export function checkNeeded(object: object, name: string): void {
  const required = descriptions.get(object)?.required ?? null;
  if (required === null || required.includes(name)) return;
  throw new Error(
    `This is a bug: '${name}' is refused where it is left out, and no description says so.`,
  );
}

/** How objects are read: JSON's own, or Python's. */
export interface ObjectAccess<T extends object> {
  readonly isObject: (value: unknown) => value is T;
  readonly read: (object: T, name: string) => unknown;
}

/** Describes the object, or the objects of the list, that the value of a field is. */
export function describeInside<T extends object>(
  value: unknown,
  inside: Inside,
  access: ObjectAccess<T>,
): void {
  for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (access.isObject(one)) descriptions.set(one, descriptionOf(one, inside, access));
  }
}

function descriptionOf<T extends object>(
  object: T,
  inside: Inside,
  { read }: ObjectAccess<T>,
): Description {
  if (!('shapes' in inside)) return inside;
  const { shapes, common, pick } = inside;
  const name = pick((field) => read(object, field));
  const shape = typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (shape === undefined) return { fields: common, required: Object.keys(common) };
  return { fields: { ...common, ...shape.fields }, required: shape.required };
}
