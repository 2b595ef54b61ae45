import type { Access, AuthCheck } from './auth.js';
import { failureFrom, type Failure } from '../core/errors.js';
import { errorResponse } from './error-response.js';
import { ClientLeftError } from './body.js';
import { plainResponse, type FullResponse, type HttpReply, type HttpRequest } from './http.js';

/** May wait; what it throws becomes an error response. */
export type Handler = (
  request: HttpRequest,
  reply: HttpReply,
  tail: string,
) => void | Promise<void>;

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One line of the route table. */
export interface Route {
  /** GET brings HEAD with it. */
  readonly methods: readonly Method[];
  /** Exact, or ending in `/*`: then the rest of the path is the handler's `tail`. */
  readonly path: string;
  readonly access: Access;
  /** The path that the OpenAPI document knows it by, of a route that may be moved. */
  readonly describedAs?: string;
  /** OpenAI-style routes refuse bodies that are not called JSON (SGLang's 400). */
  readonly requiresJson?: boolean;
  /** How the path's dialect spells what goes wrong before a handler answers; SGLang's shape where it is left out. */
  readonly errors?: (failure: Failure) => FullResponse;
  readonly handler: Handler;
}

export interface RouterOptions {
  readonly routes: readonly Route[];
  readonly isAllowed: AuthCheck;
  /** Told of errors that are bugs, not of bad requests. */
  readonly onError: (error: unknown) => void;
}

/** @returns the function that answers every request: key, path, method, content type, handler. */
export function createRouter(options: RouterOptions): (req: HttpRequest, reply: HttpReply) => void {
  const table = new RouteTable(options.routes);
  return (request, reply) => {
    const found = table.find(request.path);
    if (request.method === 'OPTIONS') {
      sendOptions(request, reply, found.routes);
      return;
    }
    if (!options.isAllowed(accessOf(found, request), request)) {
      reply.send(errorsOf(found.routes[0])({ code: 'UNAUTHORIZED', message: 'Unauthorized' }));
      return;
    }
    if (found.routes.length === 0) sendElsewhere(request, reply, table);
    else runRoute(found, request, reply, options.onError);
  };
}

interface Found {
  readonly routes: readonly Route[];
  readonly tail: string;
}

class RouteTable {
  readonly #exact = new Map<string, Route[]>();
  readonly #prefixes: Route[] = [];

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      if (route.path.endsWith('/*')) this.#prefixes.push(route);
      else this.#exact.set(route.path, [...(this.#exact.get(route.path) ?? []), route]);
    }
  }

  find(path: string): Found {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return { routes: exact, tail: '' };
    const routes = this.#prefixes.filter((route) => {
      const prefix = route.path.slice(0, -1);
      return path.startsWith(prefix) && path.length > prefix.length;
    });
    return { routes, tail: path.slice((routes[0]?.path.length ?? 1) - 1) };
  }
}

/** Paths that SGLang lets load balancers ask for without a key, whether it has them or not. */
const OPEN_PREFIXES = ['/health', '/metrics', '/ready'];

/** What is not there tells nobody so without a key. A method that is not there is as closed as the path's others. */
function accessOf({ routes }: Found, { method, path }: HttpRequest): Access {
  const route = routeFor(routes, method) ?? routes[0];
  if (route !== undefined) return route.access;
  return OPEN_PREFIXES.some((prefix) => path.startsWith(prefix)) ? 'open' : 'key';
}

function routeFor(routes: readonly Route[], method: string): Route | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  return routes.find(({ methods }) => methods.some((one) => one === wanted));
}

function errorsOf(route: Route | undefined): (failure: Failure) => FullResponse {
  return route?.errors ?? errorResponse;
}

function runRoute(
  { routes, tail }: Found,
  request: HttpRequest,
  reply: HttpReply,
  onError: (error: unknown) => void,
): void {
  const route = routeFor(routes, request.method);
  if (route === undefined) {
    const failure = { code: 'METHOD_NOT_ALLOWED', message: 'Method Not Allowed' } as const;
    const { headers, ...rest } = errorsOf(routes[0])(failure);
    reply.send({ ...rest, headers: { ...headers, allow: allowOf(routes) } });
    return;
  }
  if (route.requiresJson === true && !isJson(request)) {
    const message = "Unsupported Media Type: Only 'application/json' is allowed";
    reply.send(errorsOf(route)({ code: 'UNSUPPORTED_MEDIA_TYPE', message }));
    return;
  }
  void run(route, tail, request, reply).catch((error: unknown) => {
    if (error instanceof ClientLeftError) return;
    const failure = failureFrom(error);
    if (failure.code === 'INTERNAL') onError(error);
    reply.send(errorsOf(route)(failure));
  });
}

async function run(
  route: Route,
  tail: string,
  request: HttpRequest,
  reply: HttpReply,
): Promise<void> {
  await route.handler(request, reply, tail);
}

function isJson(request: HttpRequest): boolean {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  return type === 'application/json';
}

/** A route with a slash too many is told where it stands, as FastAPI does; anything else is not here. */
function sendElsewhere({ path, query }: HttpRequest, reply: HttpReply, table: RouteTable): void {
  const bare = path.replace(/\/+$/, '');
  if (bare === path || table.find(bare).routes.length === 0) {
    sendNotFound(reply);
    return;
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  reply.send({ ...plainResponse(307), headers: { location: bare + search } });
}

function sendNotFound(reply: HttpReply): void {
  reply.send(errorResponse({ code: 'NOT_FOUND', message: 'Not Found' }));
}

function allowOf(routes: readonly Route[]): string {
  const methods = new Set(routes.flatMap((route) => route.methods));
  return [...methods, ...(methods.has('GET') ? ['HEAD'] : [])].join(', ');
}

/** A CORS preflight is granted as SGLang grants it; any other OPTIONS names the methods. */
function sendOptions(request: HttpRequest, reply: HttpReply, routes: readonly Route[]): void {
  const origin = request.headers.get('origin');
  if (origin !== undefined && request.headers.has('access-control-request-method')) {
    const headers = {
      'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
      'access-control-max-age': '600',
      'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '*',
    };
    reply.send({ ...plainResponse(200, 'OK'), headers });
  } else if (routes.length === 0) {
    sendNotFound(reply);
  } else {
    reply.send({ status: 204, headers: { allow: `${allowOf(routes)}, OPTIONS` } });
  }
}
