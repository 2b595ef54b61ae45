import type { Value } from '../../text/jinja/values.js';
import { schemaFormat } from '../openai/response-format.js';
import type { Part } from './part.js';

/** `output_config.format`, or the `output_format` of older clients, as a `response_format`. @throws RequestError */
export function responseFormat(body: Part): Value {
  const format = body.child('output_config')?.child('format') ?? body.child('output_format');
  if (format === null) return null;
  if (format.word('type', ['json_schema']) === null) format.missing('type');
  const { dict } = format.child('schema') ?? format.missing('schema');
  return schemaFormat({ name: 'response', schema: dict, strict: true });
}
