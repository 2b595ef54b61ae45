import { refuse } from '../../core/errors.js';
import { isStrings, preview } from '../../http/field-reader.js';
import type { FieldKind } from '../../http/fields.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, PyFloat, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { OPTION_FIELDS, TYPE_NAMES } from './option-fields.js';

/** Ollama cuts the fraction of an integer off; long seeds arrive as text. */
const IS_OF: Partial<Readonly<Record<FieldKind, (value: unknown) => boolean>>> = {
  number: (value) => typeof value === 'number',
  integer: (value) => typeof value === 'number' || /^-?\d{16,20}$/.test(textOf(value)),
  boolean: (value) => typeof value === 'boolean',
  strings: (value) => typeof value === 'string' || isStrings(value),
};

/** Options that are floats there and here, by the field of the chat body that means the same. */
const FLOATS: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  top_p: 'top_p',
  min_p: 'min_p',
  repeat_penalty: 'repetition_penalty',
  presence_penalty: 'presence_penalty',
  frequency_penalty: 'frequency_penalty',
};

/** Ollama's own `repeat_last_n`: said by clients that send all their settings, it asks what leaving it out asks. */
const DEFAULT_WINDOW = 64;

/** Ways to sample that there are not, by the value that turns each off. */
const OFF: Readonly<Record<string, number>> = { typical_p: 1, tfs_z: 1, mirostat: 0 };

/** `options` of a request as fields of the chat body. @throws RequestError in Ollama's words */
export function optionFields(
  body: JsonObject,
  given: Dict,
  contextLength: number,
): Readonly<Record<string, Value>> {
  const options = optionsOf(body);
  for (const [name, off] of Object.entries(OFF)) {
    const value = fieldOf(options, name);
    if (value !== null && value !== off) notHere(name, `only ${off}, which turns it off, is`);
  }
  checkPenaltyWindow(options);
  const lossless = dictField(given, 'options');
  const seed = lossless instanceof Dict ? dictField(lossless, 'seed') : null;
  const fields = {
    ...floatFields(options),
    top_k: atLeastOne(options, 'top_k', -1),
    max_tokens: limitOf(options, contextLength),
    seed: seed === -1 ? null : whole(seed),
    stop: stopsOf(options),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** @throws RequestError where one of them has the wrong type */
export function optionsOf(body: JsonObject): JsonObject {
  const options = fieldOf(body, 'options') ?? {};
  if (!isObject(options)) return refuse(`options must be an object, got ${preview(options)}.`);
  for (const [name, { kind }] of Object.entries(OPTION_FIELDS)) {
    const value = fieldOf(options, name);
    if (value !== null && IS_OF[kind]?.(value) !== true) {
      refuse(`option "${name}" must be of type ${TYPE_NAMES[kind] ?? kind}`);
    }
  }
  return options;
}

/** The penalty here looks at the whole answer, line ends among it, and never at the prompt. */
function checkPenaltyWindow(options: JsonObject): void {
  if ((fieldOf(options, 'repeat_penalty') ?? 1) === 1) return;
  const window = fieldOf(options, 'repeat_last_n');
  if (typeof window === 'number' && window > 0 && window !== DEFAULT_WINDOW) {
    notHere(
      'repeat_last_n',
      `with repeat_penalty only -1 and ${DEFAULT_WINDOW}, the whole answer, and 0, which turns it off, are`,
    );
  }
  if (fieldOf(options, 'penalize_newline') === false) {
    notHere('penalize_newline', 'with repeat_penalty only true is');
  }
}

function floatFields(options: JsonObject): Record<string, Value> {
  const isPenalized = fieldOf(options, 'repeat_last_n') !== 0;
  const fields = Object.entries(FLOATS).flatMap(([name, field]) => {
    const value = fieldOf(options, name);
    const isOff = name === 'repeat_penalty' && !isPenalized;
    return typeof value === 'number' && !isOff ? [[field, new PyFloat(value)] as const] : [];
  });
  return Object.fromEntries(fields);
}

/** -1, -2 and 0 go on until the context is full, as where it is left out; more than the context is all of it. */
function limitOf(options: JsonObject, contextLength: number): number | null {
  const limit = atLeastOne(options, 'num_predict', null);
  return limit === null ? null : Math.min(limit, contextLength);
}

/** Ollama cuts fractions off; what is below one is `otherwise`. */
function atLeastOne<T>(options: JsonObject, name: string, otherwise: T): number | T | null {
  const value = fieldOf(options, name);
  if (typeof value !== 'number') return null;
  return value >= 1 ? Math.trunc(value) : otherwise;
}

function whole(seed: Value): Value {
  return seed instanceof PyFloat ? Math.trunc(seed.value) : seed;
}

function stopsOf(options: JsonObject): Value {
  const stop = fieldOf(options, 'stop');
  return typeof stop === 'string' || isStrings(stop) ? stop : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function notHere(name: string, but: string): never {
  refuse(`option "${name}" is not supported by this server: ${but}.`);
}
