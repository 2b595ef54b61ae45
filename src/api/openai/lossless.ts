import { RequestError } from '../../core/errors.js';
import { describeAlike } from '../../http/described.js';
import { sourceOf, type JsonObject } from '../../http/json.js';
import { TemplateError } from '../../text/jinja/errors.js';
import { fromJson, JsonTextError, parseJsonValue } from '../../text/jinja/json-value.js';
import { Dict, type Value } from '../../text/jinja/values.js';

/**
 * A body as Python's `json` reads it, for what templates print: every digit, every key in its place. It is described as
 * the body is.
 * @throws RequestError INVALID_JSON beyond a million values
 */
export function losslessBody(body: JsonObject): Dict {
  const source = sourceOf(body);
  let value: Value = source === null ? fromJson(body) : readJson(source.text, 'The request body');
  for (const name of source?.path ?? [])
    value = value instanceof Dict ? (value.get(name) ?? null) : null;
  const dict = value instanceof Dict ? value : new Dict();
  describeAlike(dict, body);
  return dict;
}

function readJson(text: string, what: string): Value {
  try {
    return parseJsonValue(text);
  } catch (error) {
    if (!(error instanceof JsonTextError) && !(error instanceof TemplateError)) throw error;
    throw new RequestError('INVALID_JSON', `${what} cannot be read: ${error.message}.`);
  }
}
