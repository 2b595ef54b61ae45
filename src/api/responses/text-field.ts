import { preview } from '../../http/field-reader.js';
import { fieldOf, isObject, type JsonObject } from '../../http/json.js';
import { Dict, type Value } from '../../text/jinja/values.js';
import { dictField } from '../dict-field.js';
import { schemaFormat } from '../openai/response-format.js';
import { refuseForm, refuseParam } from './errors.js';
import { FORMATS, VERBOSITIES } from './fields.js';

export interface TextField {
  /** `text` as the response shows it again. */
  readonly shown: { readonly format: unknown; readonly verbosity: string };
  /** `response_format` of a chat body; null = any text. */
  readonly responseFormat: Value;
}

/** `text`: what the answer must match. @throws ParamError */
export function parseTextField(body: JsonObject, lossless: Dict): TextField {
  const text = fieldOf(body, 'text') ?? {};
  if (!isObject(text)) return refuseForm('text', `text must be an object, got ${preview(text)}.`);
  const verbosity = fieldOf(text, 'verbosity') ?? 'medium';
  if (typeof verbosity !== 'string' || !VERBOSITIES.includes(verbosity)) {
    const what = `text.verbosity must be 'low', 'medium' or 'high', got ${preview(verbosity)}.`;
    return refuseForm('text.verbosity', what);
  }
  const format = fieldOf(text, 'format') ?? { type: 'text' };
  if (!isObject(format)) {
    return refuseForm('text.format', `text.format must be an object, got ${preview(format)}.`);
  }
  const type = FORMATS.find((one) => one === fieldOf(format, 'type'));
  if (type === undefined) {
    const what = preview(fieldOf(format, 'type'));
    return refuseForm(
      'text.format.type',
      `text.format.type must be 'text', 'json_object' or 'json_schema', got ${what}.`,
    );
  }
  if (type !== 'json_schema') {
    const wanted = type === 'text' ? null : Dict.of([['type', type]]);
    return { shown: { format: { type }, verbosity }, responseFormat: wanted };
  }
  return {
    shown: { format: shownSchema(format), verbosity },
    responseFormat: chatSchema(lossless),
  };
}

function shownSchema(format: JsonObject): unknown {
  const name = fieldOf(format, 'name');
  const schema = fieldOf(format, 'schema');
  if (typeof name !== 'string' || name === '') {
    return refuseForm('text.format.name', 'text.format.name must be a string.');
  }
  if (!isObject(schema)) {
    return refuseParam('text.format.schema', 'text.format.schema must be a JSON schema.');
  }
  return {
    type: 'json_schema',
    name,
    description: fieldOf(format, 'description'),
    schema,
    strict: fieldOf(format, 'strict') === true,
  };
}

/** Flat here, nested in a chat body. */
function chatSchema(lossless: Dict): Value {
  const text = dictField(lossless, 'text');
  const format = text instanceof Dict ? dictField(text, 'format') : null;
  if (!(format instanceof Dict)) return null;
  return schemaFormat({ name: dictField(format, 'name'), schema: dictField(format, 'schema') });
}
