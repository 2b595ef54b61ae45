import type { Fields, Schema } from '../../http/fields.js';
import type { Method, Route } from '../../http/router.js';
import { ref, STATUSES, statusesOf, type Operation, type Status } from './operation.js';
import { OPERATIONS } from './operations.js';
import { COMPONENTS, objectOf, schemaOf } from './schemas.js';

/** The OpenAPI 3.1 document of these routes. @throws Error for a route that nobody described */
export function openApiDocument(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const path = pathOf(route.path);
    for (const method of route.methods) {
      const item = (paths[path] ??= {});
      const operation = describedOperation(method, pathOf(route.describedAs ?? route.path));
      item[method.toLowerCase()] ??= renderOperation(route, { method, path, operation });
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Radish', version, description: 'SGLang’s HTTP API, and those of others.' },
    paths,
    components: {
      schemas: COMPONENTS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

/** A path as the document has it: the rest of one is a parameter. */
export function pathOf(path: string): string {
  return path.replace(/\*$/, '{tail}');
}

function describedOperation(method: Method, path: string): Operation {
  const found = OPERATIONS[`${method} ${path}`];
  if (found !== undefined) return found;
  throw new Error(`This is a bug: nobody described ${method} ${path}.`);
}

interface Described {
  readonly method: Method;
  readonly path: string;
  readonly operation: Operation;
}

function renderOperation(
  { access, requiresJson }: Route,
  { method, path, operation }: Described,
): Schema {
  const { tag, summary, body, query, answers } = operation;
  const isRead = body !== null && method !== 'GET';
  return {
    tags: [tag],
    summary,
    operationId: `${method.toLowerCase()}${path.replaceAll(/\W+/g, '_')}`,
    ...(access === 'open' ? {} : { security: [{}, { bearer: [] }, { key: [] }] }),
    parameters: [...tailOf(path), ...queryOf(query)],
    ...(isRead ? { requestBody: requestBody(body, requiresJson === true) } : {}),
    responses: {
      ...success(answers),
      ...Object.fromEntries(statusesOf(operation, access).map((status) => [status, error(status)])),
    },
  };
}

function tailOf(path: string): readonly Schema[] {
  if (!path.endsWith('{tail}')) return [];
  return [{ name: 'tail', in: 'path', required: true, schema: { type: 'string', minLength: 1 } }];
}

function queryOf(query: Fields): readonly Schema[] {
  return Object.entries(query).map(([name, one]) => {
    const { description, ...schema } = schemaOf(one, true) as Record<string, unknown>;
    return { name, in: 'query', description, schema };
  });
}

function requestBody(
  { fields, required, isNeeded }: NonNullable<Operation['body']>,
  onlyJson: boolean,
): Schema {
  return {
    required: isNeeded,
    description: onlyJson ? 'Only application/json.' : 'JSON, whatever its content type says.',
    content: { 'application/json': { schema: objectOf(fields, required) } },
  };
}

function success(answers: Operation['answers']): Readonly<Record<string, Schema>> {
  const content = Object.entries(answers).map(([type, schema]) => [type, { schema }] as const);
  const described = { description: 'The answer.' };
  if (content.length === 0) return { 200: described };
  return { 200: { ...described, content: Object.fromEntries(content) } };
}

function error(status: Status): Schema {
  return {
    description: STATUSES[status],
    content: { 'application/json': { schema: ref('Error') } },
  };
}
