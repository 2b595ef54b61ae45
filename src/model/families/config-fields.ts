import { StartupError } from '../../core/errors.js';
import { MODEL_TYPES } from './model-types.js';

/** Something in config.json, or a start-up option about it, that this server cannot run. */
export class ModelConfigError extends StartupError {}

/** More than any model has: config.json alone decides how many are planned, before a tensor is looked up. */
const MAX_LAYERS = 1024;

/** The beginning of what a file says, short enough for one sentence. */
export function excerpt(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** Usual name of a field → what an architecture calls it. */
export type FieldNames = Readonly<Record<string, string>>;

/** A JSON object of config.json with readers that name the field in every complaint. */
export class ConfigFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #names: FieldNames;

  /** Throws {@link ModelConfigError} unless `json` is an object. `where` begins every message. */
  constructor(json: unknown, where: string, names: FieldNames = {}) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new ModelConfigError(`${where} must be a JSON object`);
    }
    this.#values = json as Record<string, unknown>;
    this.#where = where;
    this.#names = names;
  }

  /** The same object for who asks by the usual names, some of which are others in it. */
  named(names: FieldNames): ConfigFields {
    return new ConfigFields(this.#values, this.#where, names);
  }

  /**
   * Absent and null are the same: Hugging Face writes null for "not set".
   * {@link says} and {@link positiveOrNull} alone tell them apart.
   */
  has(name: string): boolean {
    return this.raw(name) !== null;
  }

  /** Whether it is there at all, if only as null. */
  says(name: string): boolean {
    return Object.hasOwn(this.#values, this.#nameOf(name));
  }

  /** The field's value, unchecked; null where it is absent. */
  raw(name: string): unknown {
    const own = this.#nameOf(name);
    return Object.hasOwn(this.#values, own) ? (this.#values[own] ?? null) : null;
  }

  /** Throws {@link ModelConfigError}: the field must be `expected`, and what it is. */
  fail(name: string, expected: string): never {
    const value = this.raw(name);
    const got = value === null ? 'it is missing' : `got ${excerpt(JSON.stringify(value))}`;
    throw new ModelConfigError(
      `${this.#where}: "${this.#nameOf(name)}" must be ${expected}, ${got}`,
    );
  }

  /**
   * `architectures[0]`: the class that the checkpoint was saved from. Some of transformers 4 have it in `text_config`; where
   * it is nowhere, that of the `model_type`.
   */
  architecture(): string {
    const ofText = this.object('text_config')?.texts('architectures') ?? [];
    const [architecture = this.#architectureOfType()] = [...this.texts('architectures'), ...ofText];
    return architecture ?? this.fail('architectures', 'a list of one architecture');
  }

  #architectureOfType(): string | null {
    const type = this.raw('model_type');
    const isKnown = typeof type === 'string' && Object.hasOwn(MODEL_TYPES, type);
    return isKnown ? (MODEL_TYPES[type] ?? null) : null;
  }

  /** An integer in `[1, 2^31)`; without a fallback the field is required. */
  size(name: string, fallback?: number): number {
    return this.#integer(name, 1, fallback);
  }

  /** {@link size}; null where the field is absent or null. */
  sizeIfSet(name: string): number | null {
    return this.has(name) ? this.size(name) : null;
  }

  /** `num_hidden_layers`, in `[1, 1024]`. */
  numLayers(): number {
    const name = 'num_hidden_layers';
    const value = this.size(name);
    if (value > MAX_LAYERS) this.fail(name, `at most ${MAX_LAYERS}`);
    return value;
  }

  /** An integer in `[0, 2^31)`; without a fallback the field is required. */
  count(name: string, fallback?: number): number {
    return this.#integer(name, 0, fallback);
  }

  /** A number above 0 that an f32 can hold; without a fallback the field is required. */
  positive(name: string, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    const rounded = typeof value === 'number' ? Math.fround(value) : NaN;
    if (typeof value !== 'number' || !Number.isFinite(rounded) || rounded <= 0) {
      this.fail(name, 'a positive number');
    }
    return value;
  }

  /** {@link positive}; null where the field is absent or null. */
  positiveIfSet(name: string): number | null {
    return this.has(name) ? this.positive(name) : null;
  }

  /** A number above 0 that an f32 can hold, or null where null was written down; absent is the fallback. */
  positiveOrNull(name: string, fallback: number): number | null {
    const isNull = this.says(name) && !this.has(name);
    return isNull ? null : this.positive(name, fallback);
  }

  /** True or false; absent is the fallback. */
  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') this.fail(name, 'true or false');
    return value;
  }

  /** A string; without a fallback the field is required. */
  text(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'string') this.fail(name, 'a string');
    return value;
  }

  /** The value that `table` has for the field's text; its keys are all that is supported. */
  oneOf<T>(name: string, table: Readonly<Record<string, T>>, fallback: string): T {
    const key = this.text(name, fallback);
    const value = Object.hasOwn(table, key) ? table[key] : undefined;
    if (value !== undefined) return value;
    throw new ModelConfigError(
      `${this.#where}: "${name}" '${excerpt(key)}' is not supported. ` +
        `Supported: ${Object.keys(table).join(', ')}`,
    );
  }

  /** The nested object, or null where it is absent. */
  object(name: string): ConfigFields | null {
    return this.has(name) ? new ConfigFields(this.raw(name), `${this.#where}: "${name}"`) : null;
  }

  /** The same object with `defaults` for what it lacks, where null is something, and with other `values`. */
  completed(
    defaults: Readonly<Record<string, unknown>>,
    values: Readonly<Record<string, unknown>> = {},
  ): ConfigFields {
    const all = { ...defaults, ...this.#values, ...values };
    return new ConfigFields(all, this.#where, this.#names);
  }

  /** A list of strings; absent is empty. */
  texts(name: string): readonly string[] {
    return this.#list(name, 'a list of strings', (item) => typeof item === 'string');
  }

  /** A list of integers from 0; absent is empty. */
  counts(name: string): readonly number[] {
    const isCount = (item: unknown): item is number =>
      Number.isSafeInteger(item) && Number(item) >= 0;
    return this.#list(name, 'a list of integers from 0', isCount);
  }

  /** A list of `length` numbers above 0. */
  positives(name: string, length: number): readonly number[] {
    const expected = `a list of ${length} positive numbers`;
    const isPositive = (item: unknown): item is number =>
      typeof item === 'number' && Number.isFinite(item) && item > 0;
    const values = this.#list(name, expected, isPositive);
    return values.length === length ? values : this.fail(name, expected);
  }

  #nameOf(name: string): string {
    const other = this.#names[name];
    return other !== undefined && Object.hasOwn(this.#values, other) ? other : name;
  }

  #integer(name: string, least: number, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (
      typeof value !== 'number' ||
      !Number.isInteger(value) ||
      value < least ||
      value >= 2 ** 31
    ) {
      this.fail(name, least === 0 ? 'an integer from 0' : 'a positive integer');
    }
    return value;
  }

  #list<T>(name: string, expected: string, accepts: (item: unknown) => item is T): readonly T[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value) || !value.every(accepts)) this.fail(name, expected);
    return value;
  }
}
