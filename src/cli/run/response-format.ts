import { readFileSync } from 'node:fs';

import { UsageError } from '../../config/flag-spec.js';
import { objectIn } from '../../http/json.js';
import type { Invocation } from '../command.js';

/** `response_format` of `--json` and `--schema`; nothing without them. @throws UsageError */
export function responseFormat(options: Invocation['options']): Readonly<Record<string, unknown>> {
  const { json, schema } = options;
  if (typeof schema === 'string') {
    if (json === true) throw new UsageError('--schema says more than --json: leave --json out.');
    const json_schema = { name: 'answer', schema: readSchema(schema), strict: true };
    return { response_format: { type: 'json_schema', json_schema } };
  }
  return json === true ? { response_format: { type: 'json_object' } } : {};
}

function readSchema(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UsageError(`--schema: ${path} cannot be read (${code}).`);
  }
  const schema = objectIn(text);
  if (schema !== null) return schema;
  throw new UsageError(`--schema: ${path} is no JSON object.`);
}
