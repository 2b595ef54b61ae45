import { preview } from '../../http/field-reader.js';
import { isObject } from '../../http/json.js';
import { refuseForm, refuseParam } from './errors.js';

export type Metadata = Readonly<Record<string, string>>;

/** OpenAI's bounds. */
export const MAX_PAIRS = 16;
export const MAX_KEY_CHARS = 64;
export const MAX_VALUE_CHARS = 512;

/** `metadata`: a client's own words, kept and shown again. @throws ParamError */
export function parseMetadata(value: unknown): Metadata {
  if (value === null) return {};
  if (!isObject(value)) {
    return refuseForm('metadata', `metadata must be an object, got ${preview(value)}.`);
  }
  const pairs = Object.entries(value);
  if (pairs.length > MAX_PAIRS) {
    refuseParam('metadata', `metadata may have at most ${MAX_PAIRS} pairs, got ${pairs.length}.`);
  }
  for (const [key, one] of pairs) {
    if (typeof one !== 'string') {
      refuseForm('metadata', `metadata must have strings as values, got ${preview(one)}.`);
    } else if (key.length > MAX_KEY_CHARS || one.length > MAX_VALUE_CHARS) {
      refuseParam(
        'metadata',
        `Keys of metadata have at most ${MAX_KEY_CHARS} characters, values ${MAX_VALUE_CHARS}.`,
      );
    }
  }
  return value as Metadata;
}
