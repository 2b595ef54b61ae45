import { StartupError } from '../core/errors.js';
import { readBody } from './body.js';
import type { HttpReply, HttpRequest } from './http.js';
import { UwsReply } from './uws-reply.js';
import type { SocketEndpoint, SocketListener, UpgradeDecision } from './socket.js';
import { UwsSocket } from './uws-socket.js';
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
export async function createHttpServer(
  handle: RequestHandler,
  sockets: readonly SocketEndpoint[] = [],
): Promise<HttpServer> {
  // The addon reads it once, when it is loaded.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(MAX_HEADER_BYTES);
  const { default: uws } = (await import('uWebSockets.js')) as unknown as { default: typeof Uws };
  const app = uws.App();
  for (const endpoint of sockets) addSockets(app, endpoint);
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
      readBody: (maxBytes) =>
        readBody(res, {
          maxBytes,
          announcedBytes: length === undefined ? null : Number(length),
          onClientLeft: (listener) => {
            reply.onClientLeft(listener);
          },
        }),
    },
    reply,
  );
}

interface SocketData {
  readonly accepted: UpgradeDecision & { kind: 'accept' };
  socket: UwsSocket | null;
  listener: SocketListener | null;
}

/** An upgrade on the endpoint's path; everything else on that path is a plain request. */
function addSockets(app: Uws.TemplatedApp, endpoint: SocketEndpoint): void {
  app.ws<SocketData>(endpoint.path, {
    // Compression would cost a window per socket, and time on the thread that serves all of them.
    compression: 0,
    maxPayloadLength: endpoint.maxPayloadBytes,
    maxBackpressure: endpoint.maxBufferedBytes,
    idleTimeout: endpoint.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade: (res, req, context) => {
      upgrade(res, req, { endpoint, context });
    },
    open: (ws) => {
      const data = ws.getUserData();
      const socket = new UwsSocket(ws);
      const listener = data.accepted.open(socket);
      // Closed while it was opened: the library has told nobody.
      if (socket.isClosed) listener.onClose();
      else Object.assign(data, { socket, listener });
    },
    message: (ws, message, isBinary) => {
      ws.getUserData().listener?.onMessage(new Uint8Array(message), isBinary);
    },
    drain: (ws) => {
      ws.getUserData().listener?.onDrain();
    },
    close: (ws) => {
      const { socket, listener } = ws.getUserData();
      socket?.markClosed();
      listener?.onClose();
    },
  });
}

interface UpgradeTarget {
  readonly endpoint: SocketEndpoint;
  readonly context: Uws.us_socket_context_t;
}

function upgrade(res: Uws.HttpResponse, req: Uws.HttpRequest, target: UpgradeTarget): void {
  const headers = new Map<string, string>();
  req.forEach((name, value) => {
    if (!headers.has(name)) headers.set(name, value);
  });
  const decision = target.endpoint.decide({
    method: 'GET',
    path: req.getUrl(),
    query: new URLSearchParams(req.getQuery()),
    headers,
  });
  if (decision.kind === 'refuse') {
    const options = { isHead: false, extraHeaders: corsHeaders(headers) };
    new UwsReply(res, options).send(decision.response);
    return;
  }
  const data: SocketData = { accepted: decision, socket: null, listener: null };
  const key = headers.get('sec-websocket-key') ?? '';
  res.upgrade(data, key, decision.protocol ?? '', '', target.context);
}

/** SGLang lets every origin in, with credentials. */
function corsHeaders(headers: ReadonlyMap<string, string>): Record<string, string> {
  if (!headers.has('origin')) return {};
  return { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' };
}
