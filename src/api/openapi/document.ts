import type { Access } from '../../http/auth.js';
import type { Fields, Schema } from '../../http/fields.js';
import { fieldSchema, namedSchemas, shapeSchema } from '../../http/shapes.js';
import type { Method, Route } from '../../http/router.js';
import { ref, STATUSES, statusesOf, type Operation, type Status, type Tag } from './operation.js';
import { OPERATIONS } from './operations.js';
import { COMPONENTS } from './schemas.js';

export interface About {
  readonly version: string;
  /** Whether this server lets nobody pass without a key. */
  readonly needsKey: (access: Access) => boolean;
}

/** Objects within bodies that have a name. */
const NAMED = Object.values(OPERATIONS).reduce<Schema>(
  (all, { body }) => (body === null ? all : { ...all, ...namedSchemas(body.fields) }),
  {},
);

/** The OpenAPI 3.1 document of these routes. @throws Error for a route that nobody described */
export function openApiDocument(routes: readonly Route[], { version, needsKey }: About): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    for (const described of route.methods.flatMap((method) => operationsOf(route, method))) {
      const item = (paths[described.path] ??= {});
      const security = securityOf(route.access, needsKey(route.access));
      item[described.method.toLowerCase()] ??= renderOperation(route, described, security);
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Radish', version, description: 'SGLang’s HTTP API, and those of others.' },
    paths,
    components: {
      schemas: { ...COMPONENTS, ...NAMED },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

export interface Described {
  readonly method: Method;
  /** As the document has it: what a `*` may be is named. */
  readonly path: string;
  readonly operation: Operation;
}

/** What the document says of a route: of one that ends with `*` every form. @throws Error where nobody described it */
export function operationsOf(
  { path, describedAs }: Pick<Route, 'path' | 'describedAs'>,
  method: Method,
): readonly Described[] {
  const key = `${method} ${describedAs ?? path}`;
  const forms = key.endsWith('*')
    ? Object.keys(OPERATIONS).filter((one) => one.startsWith(`${key.slice(0, -1)}{`))
    : [key];
  const described = forms.flatMap((form) => {
    const operation = OPERATIONS[form];
    const shown = key.endsWith('*') ? form.slice(method.length + 1) : path;
    return operation === undefined ? [] : [{ method, path: shown, operation }];
  });
  if (described.length > 0) return described;
  throw new Error(`This is a bug: nobody described ${key}.`);
}

function renderOperation(
  { access, requiresJson }: Route,
  { method, path, operation }: Described,
  security: Schema,
): Schema {
  const { tag, summary, body, query, answers } = operation;
  const isRead = body !== null && method !== 'GET';
  return {
    tags: [tag],
    summary,
    operationId: `${method}${path}`.toLowerCase().match(/\w+/g)?.join('_'),
    ...security,
    parameters: [...parametersOf(path), ...queryOf(query)],
    ...(isRead ? { requestBody: requestBody(body, requiresJson === true) } : {}),
    responses: {
      ...success(answers),
      ...Object.fromEntries(
        statusesOf(operation, access).map((status) => [status, error(status, tag)]),
      ),
    },
  };
}

/** A key that nobody needs still tells one asker's cached prompts from another's. */
function securityOf(access: Access, needsKey: boolean): Schema {
  const keys = [{ bearer: [] }, { key: [] }];
  if (access === 'open') return {};
  return { security: needsKey ? keys : [{}, ...keys] };
}

function parametersOf(path: string): readonly Schema[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: {
      type: 'string',
      ...(name === 'response_id' ? { pattern: '^resp' } : { minLength: 1 }),
    },
  }));
}

function queryOf(query: Fields): readonly Schema[] {
  return Object.entries(query).map(([name, one]) => {
    const { description, ...schema } = fieldSchema(one, true) as Record<string, unknown>;
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
    content: { 'application/json': { schema: shapeSchema({ fields, required }) } },
  };
}

function success(answers: Operation['answers']): Readonly<Record<string, Schema>> {
  const content = Object.entries(answers).map(([type, schema]) => [type, { schema }] as const);
  const described = { description: 'The answer.' };
  if (content.length === 0) return { 200: described };
  return { 200: { ...described, content: Object.fromEntries(content) } };
}

/** Dialects spell what is refused on the way to them too, but for strange pages. */
function error(status: Status, tag: Tag): Schema {
  const name = status === 403 ? 'Error' : (ERRORS[tag] ?? 'Error');
  return {
    description: STATUSES[status],
    content: { 'application/json': { schema: ref(name) } },
  };
}

const ERRORS: Partial<Readonly<Record<Tag, string>>> = {
  anthropic: 'AnthropicError',
  ollama: 'OllamaError',
  responses: 'ResponsesError',
};
