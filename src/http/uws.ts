import { StartupError } from '../core/errors.js';
import { BodyReader } from './body.js';
import { errorResponse } from './error-response.js';
import { MAX_HEADER_BYTES, readHead, type RequestHead } from './head.js';
import type { FullResponse, HttpReply, HttpRequest } from './http.js';
import type { OriginRules } from './origin.js';
import { UwsReply } from './uws-reply.js';
import type { SocketEndpoint, SocketListener, UpgradeDecision } from './socket.js';
import { UwsSocket } from './uws-socket.js';
import type * as Uws from 'uWebSockets.js';

/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: by default a second server would silently share the port. */
const EXCLUSIVE_PORT = 1;

export interface HttpServer {
  /** @returns the port, which matters when 0 was asked. @throws StartupError */
  listen(host: string, port: number): Promise<number>;
  /** False: new connections are refused, and open ones go on, until it is true again. */
  setAccepting(isAccepting: boolean): void;
  /** Closes everything. */
  close(): void;
}

/** Handles one request; must answer or keep `reply`, and read the body before it first waits. */
export type RequestHandler = (request: HttpRequest, reply: HttpReply) => void;

/** Everybody may ask, and no page reads the answer. */
const NO_RULES: OriginRules = { refusal: () => null, corsHeaders: () => ({}) };

/** What is common to all requests of a server. */
interface Front {
  readonly handle: RequestHandler;
  readonly origins: OriginRules;
  readonly bodies: BodyReader;
}

/** The only place that touches uWebSockets.js. */
export async function createHttpServer(
  handle: RequestHandler,
  sockets: readonly SocketEndpoint[] = [],
  origins: OriginRules = NO_RULES,
): Promise<HttpServer> {
  // The addon reads it once, when it is loaded. It counts only requests that come in several pieces.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(MAX_HEADER_BYTES);
  const { default: uws } = (await import('uWebSockets.js')) as unknown as { default: typeof Uws };
  const app = uws.App();
  for (const endpoint of sockets) addSockets(app, endpoint, origins);
  const front: Front = { handle, origins, bodies: new BodyReader() };
  app.any('/*', (res, req) => {
    accept(res, req, front);
  });
  return serverOf(uws, app);
}

function serverOf(uws: typeof Uws, app: Uws.TemplatedApp): HttpServer {
  let socket: Uws.us_listen_socket | null = null;
  let address: readonly [host: string, port: number] | null = null;
  const stopListening = (): void => {
    if (socket !== null) uws.us_listen_socket_close(socket);
    socket = null;
  };
  const open = (host: string, port: number): Promise<number> =>
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
        address = [host, uws.us_socket_local_port(opened)];
        resolve(address[1]);
      });
    });
  return {
    listen: open,
    setAccepting: (isAccepting) => {
      if (!isAccepting) stopListening();
      else if (socket === null && address !== null) void open(...address).catch(() => undefined);
    },
    close: () => {
      stopListening();
      address = null;
      app.close();
    },
  };
}

function accept(res: Uws.HttpResponse, req: Uws.HttpRequest, front: Front): void {
  const head = headOf(req);
  const { headers } = head;
  const method = req.getCaseSensitiveMethod().toUpperCase();
  const extraHeaders = front.origins.corsHeaders(headers);
  const reply = new UwsReply(res, { isHead: method === 'HEAD', extraHeaders });
  const refused = refusalOf(head, front.origins);
  if (refused !== null) {
    reply.send(refused);
    return;
  }
  const length = headers.get('content-length');
  const request: HttpRequest = {
    method,
    path: req.getUrl(),
    query: new URLSearchParams(req.getQuery()),
    headers,
    readBody: (maxBytes) =>
      front.bodies.read(res, {
        maxBytes,
        announcedBytes: length === undefined ? null : Number(length),
        onClientLeft: (listener) => {
          reply.onClientLeft(listener);
        },
      }),
  };
  front.handle(request, reply);
}

function headOf(req: Uws.HttpRequest): RequestHead {
  const fields: [string, string][] = [];
  req.forEach((name, value) => {
    fields.push([name, value]);
  });
  return readHead(fields);
}

/** What no route needs to be asked for. */
function refusalOf({ headers, fault }: RequestHead, origins: OriginRules): FullResponse | null {
  if (fault !== null) return fault;
  const failure = origins.refusal(headers);
  return failure === null ? null : errorResponse(failure);
}

interface SocketData {
  readonly accepted: UpgradeDecision & { kind: 'accept' };
  socket: UwsSocket | null;
  listener: SocketListener | null;
}

/**
 * An upgrade on the endpoint's path; everything else on that path is a plain request. The library has one largest
 * message a pattern, so that small sockets have a pattern of their own.
 */
function addSockets(app: Uws.TemplatedApp, endpoint: SocketEndpoint, origins: OriginRules): void {
  const anyName = endpoint.path.replace(/[^/]+$/, ':socket');
  addPattern(app, endpoint.path, { endpoint, origins, isSmall: false });
  addPattern(app, anyName, { endpoint, origins, isSmall: true });
}

interface SocketPattern {
  readonly endpoint: SocketEndpoint;
  readonly origins: OriginRules;
  /** Takes the small sockets, and leaves all others to the next pattern. */
  readonly isSmall: boolean;
}

function addPattern(app: Uws.TemplatedApp, path: string, pattern: SocketPattern): void {
  const { endpoint, isSmall } = pattern;
  app.ws<SocketData>(path, {
    // Compression would cost a window per socket, and time on the thread that serves all of them.
    compression: 0,
    maxPayloadLength: isSmall ? endpoint.smallPayloadBytes : endpoint.maxPayloadBytes,
    maxBackpressure: endpoint.maxBufferedBytes,
    idleTimeout: endpoint.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade: (res, req, context) => {
      upgrade(res, req, { ...pattern, context });
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

interface UpgradeTarget extends SocketPattern {
  readonly context: Uws.us_socket_context_t;
}

function upgrade(res: Uws.HttpResponse, req: Uws.HttpRequest, target: UpgradeTarget): void {
  if (req.getUrl() !== target.endpoint.path) {
    req.setYield(true);
    return;
  }
  const head = headOf(req);
  const { headers } = head;
  const refused = refusalOf(head, target.origins);
  const decision: UpgradeDecision =
    refused !== null
      ? { kind: 'refuse', response: refused }
      : target.endpoint.decide({
          method: 'GET',
          path: req.getUrl(),
          query: new URLSearchParams(req.getQuery()),
          headers,
        });
  if (decision.kind === 'accept' && decision.isSmall !== target.isSmall) {
    req.setYield(true);
    return;
  }
  if (decision.kind === 'refuse') {
    const options = { isHead: false, extraHeaders: target.origins.corsHeaders(headers) };
    new UwsReply(res, options).send(decision.response);
    return;
  }
  const data: SocketData = { accepted: decision, socket: null, listener: null };
  const key = headers.get('sec-websocket-key') ?? '';
  res.upgrade(data, key, decision.protocol ?? '', '', target.context);
}
