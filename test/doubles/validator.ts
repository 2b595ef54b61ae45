import { Ajv2020 } from 'ajv/dist/2020.js';
import * as formats from 'ajv-formats';

const ajv = new Ajv2020({ strict: false });
formats.default.default(ajv);

/** What is wrong with a text as an answer to the schema, by ajv; null = nothing. */
export function whyInvalid(schema: object, text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `no JSON: ${String(error)}`;
  }
  const why = ajv.validate(schema, value) ? null : ajv.errorsText();
  ajv.removeSchema(schema);
  return why;
}
