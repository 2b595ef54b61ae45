import { jsonResponse, type FullResponse } from '../../http/http.js';
import type { Access, AuthCheck } from '../../http/auth.js';
import type { Route } from '../../http/router.js';
import { openApiDocument } from './document.js';
import { page } from './page.js';

export interface OpenApiDeps {
  readonly version: string;
  /** `DISABLE_OPENAPI_DOC`: neither the document nor its page is there. */
  readonly isDisabled: boolean;
  /** Whose requests pass. */
  readonly isAllowed: AuthCheck;
}

/** These routes, and those that describe them all: `/openapi.json`, `/docs` and `/redoc`. */
export function withOpenApi(
  routes: readonly Route[],
  { version, isDisabled, isAllowed }: OpenApiDeps,
): readonly Route[] {
  if (isDisabled) return routes;
  const needsKey = (access: Access): boolean => !isAllowed(access, { headers: new Map() });
  const about = { version, needsKey };
  const all: readonly Route[] = [
    ...routes,
    get('/openapi.json', () => jsonResponse(200, openApiDocument(all, about))),
    get('/docs', () => html(page(openApiDocument(all, about)))),
    get('/redoc', () => html(page(openApiDocument(all, about)))),
  ];
  return all;
}

function get(path: string, answer: () => FullResponse): Route {
  // Nothing in it changes while the server runs.
  let made: FullResponse | null = null;
  return {
    methods: ['GET'],
    path,
    access: 'key',
    handler: (_, reply) => {
      made ??= answer();
      reply.send(made);
    },
  };
}

/** Nothing on the page comes from elsewhere, and it runs no script. */
function html(body: string): FullResponse {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  };
  return { status: 200, headers, body };
}
