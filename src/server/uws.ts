import { StartupError } from '../core/errors.js';
import { readBody } from './http-body.js';
import type { HttpReply, HttpRequest } from './http.js';
import { UwsReply } from './http-reply.js';
import type * as Uws from 'uWebSockets.js';

/**
 * Bytes of request line and headers; above it the answer is 431. More than 98 headers within that size
 * are an incomplete request to the library, which closes the connection after some seconds.
 */
const MAX_HEADER_BYTES = 16 * 1024;
/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: by default a second server would silently share the port. */
const EXCLUSIVE_PORT = 1;

export interface HttpServer {
  /** @returns the port, which matters when 0 was asked. @throws StartupError */
  listen(host: string, port: number): Promise<number>;
  /** Takes no new connections; open responses go on. */
  stopListening(): void;
  /** Closes everything. */
  close(): void;
}

/** Handles one request; must answer or keep `reply`, and read the body before it first waits. */
export type RequestHandler = (request: HttpRequest, reply: HttpReply) => void;

/** The only place that touches uWebSockets.js. */
export async function createHttpServer(handle: RequestHandler): Promise<HttpServer> {
  // The addon reads it once, when it is loaded.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(MAX_HEADER_BYTES);
  const { default: uws } = (await import('uWebSockets.js')) as unknown as { default: typeof Uws };
  const app = uws.App();
  app.any('/*', (res, req) => {
    accept(res, req, handle);
  });
  return serverOf(uws, app);
}

function serverOf(uws: typeof Uws, app: Uws.TemplatedApp): HttpServer {
  let socket: Uws.us_listen_socket | null = null;
  const stopListening = (): void => {
    if (socket !== null) uws.us_listen_socket_close(socket);
    socket = null;
  };
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        // The typings miss the form with both a host and options.
        const listen = app.listen.bind(app) as unknown as (
          host: string,
          port: number,
          options: number,
          callback: (socket: Uws.us_listen_socket | false) => void,
        ) => void;
        listen(host, port, EXCLUSIVE_PORT, (opened) => {
          if (opened === false) {
            reject(new StartupError(`Cannot listen on ${host}:${port}: is the port in use?`));
            return;
          }
          socket = opened;
          resolve(uws.us_socket_local_port(opened));
        });
      }),
    stopListening,
    close: () => {
      stopListening();
      app.close();
    },
  };
}

function accept(res: Uws.HttpResponse, req: Uws.HttpRequest, handle: RequestHandler): void {
  const headers = new Map<string, string>();
  let numLengths = 0;
  let numBytes = 0;
  req.forEach((name, value) => {
    numBytes += name.length + value.length;
    if (name === 'content-length') numLengths++;
    if (!headers.has(name)) headers.set(name, value);
  });
  const method = req.getCaseSensitiveMethod().toUpperCase();
  const reply = new UwsReply(res, {
    isHead: method === 'HEAD',
    extraHeaders: corsHeaders(headers),
  });
  // The library's own limit sees only requests that arrive in several pieces.
  if (numBytes > MAX_HEADER_BYTES) {
    reply.send({ status: 431, close: true });
    return;
  }
  const length = headers.get('content-length');
  // Two framings of one body are how requests are smuggled past a proxy.
  if (numLengths > 1 || (length !== undefined && headers.has('transfer-encoding'))) {
    reply.send({ status: 400, body: 'Ambiguous request length.', close: true });
    return;
  }
  handle(
    {
      method,
      path: req.getUrl(),
      query: new URLSearchParams(req.getQuery()),
      headers,
      readBody: () =>
        readBody(res, {
          announcedBytes: length === undefined ? null : Number(length),
          onClientLeft: (listener) => {
            reply.onClientLeft(listener);
          },
        }),
    },
    reply,
  );
}

/** SGLang lets every origin in, with credentials. */
function corsHeaders(headers: ReadonlyMap<string, string>): Record<string, string> {
  if (!headers.has('origin')) return {};
  return { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' };
}
