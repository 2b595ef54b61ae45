import { refuse, refuseBody } from '../../core/errors.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { fieldOf, isObject, orderedText, type JsonObject } from '../../http/json.js';

const GRAMMARS = ['regex', 'ebnf', 'json_schema', 'structural_tag'] as const;
const NO_SCHEMA = 'schema_ is required for json_schema response format request.';

/** `response_format` of a chat body that asks for a JSON schema; `fields` are `name`, `schema` and the like. */
export function schemaFormat(fields: Readonly<Record<string, Value>>): Dict {
  return Dict.of([
    ['type', 'json_schema'],
    ['json_schema', Dict.of(Object.entries(fields))],
  ]);
}

/** `response_format` and the grammar fields beside it as those of `sampling_params`. @throws RequestError */
export function grammarFields(body: JsonObject): JsonObject {
  const given = GRAMMARS.flatMap((name) => {
    const value = fieldOf(body, name);
    return value === null ? [] : [[name, textOf(body, [name], value)] as const];
  });
  return { ...Object.fromEntries(given), ...fromResponseFormat(body) };
}

function fromResponseFormat(body: JsonObject): JsonObject {
  const format = fieldOf(body, 'response_format');
  if (format === null) return {};
  if (!isObject(format)) return refuseBody('response_format must be an object.');
  const type = fieldOf(format, 'type');
  switch (type) {
    case 'text':
      return {};
    case 'json_object':
      return { json_schema: '{"type": "object"}' };
    case 'json_schema':
      return { json_schema: schemaText(body, format) };
    case 'structural_tag':
      return { structural_tag: orderedText(body, ['response_format']) };
    default:
      return refuseBody(
        `response_format.type must be 'text', 'json_object', 'json_schema' or 'structural_tag', got ${JSON.stringify(type).slice(0, 100)}.`,
      );
  }
}

/** The schema stands in `json_schema.schema`, or beside the type. */
function schemaText(body: JsonObject, format: JsonObject): string {
  const inner = fieldOf(format, 'json_schema');
  if (isObject(inner) && fieldOf(inner, 'schema') !== null) {
    return textOf(body, ['response_format', 'json_schema', 'schema'], fieldOf(inner, 'schema'));
  }
  const outer = fieldOf(format, 'schema');
  return outer === null ? refuse(NO_SCHEMA) : textOf(body, ['response_format', 'schema'], outer);
}

/** A text is meant as it stands. */
function textOf(body: JsonObject, path: readonly string[], value: unknown): string {
  return typeof value === 'string' ? value : orderedText(body, path);
}
