import { refuse } from '../../core/errors.js';
import { preview } from '../../http/field-reader.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { schemaFormat } from '../openai/response-format.js';

/** `format`, `"json"` or a JSON schema, as the chat body's `response_format`; null = any text. @throws RequestError */
export function responseFormat(format: Value): Value {
  if (format === null || format === '') return null;
  if (format === 'json') return Dict.of([['type', 'json_object']]);
  if (format instanceof Dict) return schemaFormat({ name: 'format', schema: format });
  const shown = typeof format === 'string' ? preview(format) : 'what was given';
  return refuse(`invalid format: ${shown}; expected "json" or a valid JSON Schema object`);
}
