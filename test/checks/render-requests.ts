import { CLASSIFY_FIELDS, EMBEDDINGS_FIELDS, RERANK_FIELDS } from '../../src/api/embed/fields.js';
import { GENERATE_FIELDS } from '../../src/api/native/generate-fields.js';
import { CHAT_FIELDS } from '../../src/api/openai/fields.js';
import { COMPONENTS } from '../../src/api/openapi/schemas.js';
import type { Fields, Schema } from '../../src/http/fields.js';
import { fieldSchema } from '../../src/http/shapes.js';

const REQUESTS: readonly (readonly [name: string, route: string, Fields, readonly string[]])[] = [
  ['ChatRequest', '/v1/chat/completions', CHAT_FIELDS, ['messages']],
  ['GenerateRequest', '/generate', GENERATE_FIELDS, []],
  ['EmbedRequest', '/v1/embeddings', EMBEDDINGS_FIELDS, ['input']],
  ['RerankRequest', '/v1/rerank', RERANK_FIELDS, ['query', 'documents']],
  ['ClassifyRequest', '/v1/classify', CLASSIFY_FIELDS, ['input']],
];
/** What the bodies refer to. */
const SHARED = ['SamplingParams', 'Message', 'Tool'];

/** The bodies of the routes that a program can call, as TypeScript. */
export function renderRequests(): string {
  const requests = REQUESTS.map(([name, route, fields, required]) => {
    const lines = Object.entries(fields)
      .filter(([, { about }]) => !about.startsWith('Refused'))
      .map(([field, described]) => {
        const { description, ...schema } = fieldSchema(described, required.includes(field));
        const mark = required.includes(field) ? '' : '?';
        const type = required.includes(field) ? typeOf(schema) : orNone(schema);
        return `/** ${String(description)} */\nreadonly ${keyOf(field)}${mark}: ${type};`;
      });
    return `/** A body of \`${route}\`. */\nexport interface ${name} {\n${lines.join('\n')}\n}`;
  });
  const shared = SHARED.map((name) => `export type ${name} = ${typeOf(COMPONENTS[name] ?? {})};`);
  return [HEADER, ...requests, ...shared].join('\n\n');
}

const HEADER =
  '/** Made by test/checks/wire-types.ts from the tables that the parsers read by: do not edit. */';

const PLAIN: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
};

function typeOf(schema: Schema): string {
  if (typeof schema['$ref'] === 'string') return schema['$ref'].split('/').at(-1) ?? 'unknown';
  if (Array.isArray(schema['anyOf'])) return union((schema['anyOf'] as Schema[]).map(typeOf));
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map((one) => JSON.stringify(one)));
  if ('const' in schema) return JSON.stringify(schema['const']);
  const { type } = schema;
  if (Array.isArray(type))
    return union(type.map((one) => typeOf({ ...schema, type: one as string })));
  if (type === 'array') return `readonly (${typeOf((schema['items'] ?? {}) as Schema)})[]`;
  if (type === 'object' || 'properties' in schema) return objectOf(schema);
  return typeof type === 'string' ? (PLAIN[type] ?? 'unknown') : 'unknown';
}

function objectOf({ properties, required, additionalProperties }: Schema): string {
  if (typeof properties !== 'object' || properties === null) {
    const values = typeof additionalProperties === 'object' ? (additionalProperties as Schema) : {};
    return `Readonly<Record<string, ${typeOf(values)}>>`;
  }
  const needed = new Set((required ?? []) as string[]);
  const lines = Object.entries(properties as Record<string, Schema>).map(([name, schema]) => {
    const { description } = schema;
    const about = typeof description === 'string' ? `/** ${description} */\n` : '';
    const isNeeded = needed.has(name);
    const type = isNeeded ? typeOf(schema) : orNone(schema);
    return `${about}readonly ${keyOf(name)}${isNeeded ? '' : '?'}: ${type};`;
  });
  const rest = additionalProperties === false ? '' : '\nreadonly [name: string]: unknown;';
  return `{\n${lines.join('\n')}${rest}\n}`;
}

/** Of a field that may be left out. */
function orNone(schema: Schema): string {
  return union([typeOf(schema), 'undefined']);
}

function union(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  return distinct.includes('unknown') ? 'unknown' : distinct.join(' | ');
}

function keyOf(name: string): string {
  return /^\w+$/.test(name) ? name : JSON.stringify(name);
}
