import { parseJsonObject, type JsonObject } from '../../http/json.js';
import { jsonText } from '../../text/jinja/json-text.js';
import { Meter } from '../../text/jinja/meter.js';
import { Dict, Tuple, type Value } from '../../text/jinja/values.js';

const LAYOUT = {
  ensureAscii: false,
  indent: null,
  separators: new Tuple([',', ':']),
  sortKeys: false,
} as const;
/** Another dialect's body was bounded when it came in: its translation is not bounded again. */
const NO_LIMITS = { maxSteps: Infinity, maxChars: Infinity, maxMs: Infinity };

/**
 * A `/v1/chat/completions` body that another dialect's body comes down to: through its text, so that every digit and
 * the order of every key reach the template and the grammar. Fields that are null are left out.
 * @throws RequestError INVALID_JSON for numbers that are no JSON (1e999)
 */
export function chatBody(fields: Readonly<Record<string, Value>>): JsonObject {
  const given = Object.entries(fields).filter(([, value]) => value !== null);
  const text = jsonText(Dict.of(given), LAYOUT, new Meter(NO_LIMITS));
  return parseJsonObject(Buffer.from(text));
}
